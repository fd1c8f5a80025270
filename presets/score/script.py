"""A score of four phrases. Save this file while it plays: it takes over at the next turn."""

import math

from engine.script import beat, beats, control, every, fire, loop, on, rng, seconds, signal

PHRASES = [
    {"bloom": 1.6, "twist": -0.6, "hue": -0.8, "stripes": -1.0},
    {"bloom": -0.8, "twist": 0.9, "hue": 0.2, "stripes": 0.6},
    {"bloom": 2.2, "twist": 0.0, "hue": 1.1, "stripes": 1.6},
    {"bloom": 0.2, "twist": -1.2, "hue": -0.2, "stripes": -0.4},
]


@loop
def phrases():
    """Four phrases of eight beats, round and round."""
    for phrase in PHRASES:
        for name, amount in phrase.items():
            control(f"/direction/{name}", amount)
        yield beats(8)


@loop
def breathing():
    """A slow wave over the whole piece."""
    control("/direction/light", 0.9 + 0.5 * math.sin(2 * math.pi * beat() / 16))
    yield seconds(0.05)


@every(beats=1)
def pulse():
    """An accent on each beat, stronger on the first of four."""
    control("/accent/filaments", 1.4 if int(beat()) % 4 == 0 else 0.7)


@every(beats=0.125)
def fade():
    """The accent falls away."""
    control("/accent/filaments", 0.8 * signal("/accent/filaments"))


@every(beats=16)
def turn():
    """Now and then another place; which one is the seed's affair."""
    fire("/latent/next" if rng.random() < 0.5 else "/latent/more")


@on("/key/q")
def jump():
    """Q on the keyboard: at once to the next place."""
    fire("/latent/next")
