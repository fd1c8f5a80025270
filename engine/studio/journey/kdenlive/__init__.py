"""Kdenlive's projects, and MLT's own, which they are written in."""
