"""A loop that works, one that raises, and one that never comes back."""

from engine.script import beats, control, every, loop, now, on


@every(seconds=0.1)
def works():
    control("/direction/hue", (now() % 1.0))


@every(beats=1)
def raises():
    raise ValueError("on purpose")


@on("/osc/hang")
def hangs():
    while True:
        pass


@loop
def phrases():
    control("/direction/bloom", 1.0)
    yield beats(1)
    control("/direction/bloom", -1.0)
    yield beats(1)
