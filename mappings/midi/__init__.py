"""MIDI as musicians use it: ports by name, 14-bit pairs, encoders, clock, pickup, lamps.

`sources/midi.py` is the source; this room holds what it is made of. Nothing here knows the bus's routes.
"""
