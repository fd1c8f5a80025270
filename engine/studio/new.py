"""Make a show to start from."""

import re
from pathlib import Path

from engine.errors import InputError

TEMPLATE = """title = "{title}"
about = "One line on what it is."

[generator]
model = "silk"               # or silk:3 for another garden
psi = 1.0
seed = {seed}

[motion]                     # the springs that carry the latent
frequency_hz = 0.4
damping = 0.8                # 1 is critical, less swings
wander = 0.25                # drifts when nothing else moves it

[sources.audio]              # sound from the default input; file = "song.wav" plays a file of this folder

[sources.clock.signals.breath]
wave = "sine"
period_s = 11

[[route]]
from = "/audio/low"          # 1.0 is the recent average
shape = ["range 0.7 2.0", "attack 10ms release 300ms"]
to = "/accent/light"         # accents act at once, without a spring
range = [0.0, 1.2]

[[route]]
from = "/audio/onset"
to = "/latent/more"          # an event: a neighbour of here
wait = "beat"

[[route]]
from = "/clock/breath"
to = "/direction/bloom"      # amounts are in sigma
range = [-1.5, 1.5]

[[effect]]
shader = "feedback.fs"
"""


def new(name: str) -> Path:
    """Make the folder `name` with a show.toml that plays; the path of the show. Refuses to touch what is there."""
    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", folder.name):
        raise InputError(f'"{folder.name}": a show\'s name has letters, digits, - and _ only')
    if folder.exists():
        raise InputError(f"{folder}: is there already; take another name")
    if not folder.resolve().parent.is_dir():
        raise InputError(f"{folder}: no folder {folder.parent}; make it first")
    try:
        folder.mkdir()
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); choose another place") from None
    path = folder / "show.toml"
    title = folder.name.replace("_", " ").replace("-", " ").title()
    path.write_text(TEMPLATE.format(title=title, seed=sum(folder.name.encode()) % 1000), "utf-8")
    return path
