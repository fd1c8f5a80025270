"""Beat and bar from the best clock there is: Link, MIDI clock, the beat tracker, taps, or a plain tempo."""


class Tempo:
    """Replaced below."""
