"""Prices become signals: reading series, a link to live exchanges, and robust features of both."""
