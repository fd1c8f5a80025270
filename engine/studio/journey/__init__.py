"""Journeys: sequences of latents, edited in an ordinary video editor by their proxies."""
