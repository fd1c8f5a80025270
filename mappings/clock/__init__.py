"""Signals that need no device: waves, noise, walks, envelopes and rhythms, in seconds or in beats."""
