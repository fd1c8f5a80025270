"""The world becomes named numbers: sources -> bus -> routes -> controls.

MIDI, OSC, sound, markets and clocks are in `sources/`; the newest value of each signal is on the `bus`;
`routes` shape signals into controls. Nothing here knows torch, OpenGL or `engine`.
"""
