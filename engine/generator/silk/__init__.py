"""Silk: the built-in generator without weights; `generator` is its front door."""
