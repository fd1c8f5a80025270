"""The sequences that a show plays: the journeys of its voices, and the pool whose rows its places are."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.complaints import Where
from engine.errors import InputError, ModelError, ShowError
from engine.generator.base import ModelInfo
from engine.latent.sequence_file import Facts, Mark, beside, check_finite, classes_beside, is_of, read_facts, spoken
from engine.latent.spec import VoiceSpec
from engine.latent.trajectory import Trajectory
from engine.preset.find import inside
from engine.tables import VoiceTable

SEQUENCE_FPS = float(Facts().fps)  # of a sequence that nobody says it of, as everywhere
_LONGEST = 60  # characters of a model's name in a line for people


class Sequences:
    """Finds the sequences of one show. ShowError, with the place, for what it cannot play.

    lenient : one of another model is played where its frames fit; `strangers` are the names of those
    """

    def __init__(self, path: Path, info: ModelInfo, lenient: bool) -> None:
        self._folder, self._path, self._info, self._lenient = path.parent.resolve(), path, info, lenient
        self.strangers: list[str] = []

    def pool(self, name: str, geometry: str, at: str) -> Path:
        """The pool of the show."""
        found = self._found(name, at)
        self._checked(found, geometry, at, self._lenient)
        return found

    def journey(
        self, row: VoiceTable, geometry: str, at: str, given: Path | None = None
    ) -> tuple[Path | None, float, tuple[Mark, ...]]:  # fmt: skip
        """The sequence of a voice, its rate and its marks: the show's own word, else that of the `.json` beside it.

        given : that it follows whatever the show says, from anywhere and of any model that it fits
        """
        own_fps = row.sequence_fps if given is None else None
        fps = SEQUENCE_FPS if own_fps is None else own_fps
        if given is None and not row.sequence:
            return None, fps, ()
        found = given or self._found(str(row.sequence), at)
        facts = self._checked(found, geometry, at, self._lenient or given is not None)
        if facts is None:
            return found, fps, ()
        return found, float(facts.fps) if own_fps is None else fps, spoken(facts.marks)

    def told(self, show: str, marks: Sequence[str] = ()) -> tuple[str, ...]:
        """Lines for people where a sequence was made with another model, or lacks marks that the show asks for."""
        lines = []
        if self.strangers:
            names = ", ".join(dict.fromkeys(self.strangers))
            lines.append(
                f"{show}: made with another model than {self._info.name}, may look like something else: {names}"
            )
        if marks:
            names = ", ".join(dict.fromkeys(address.rpartition("/")[2] for address in marks))
            lines.append(f"{show}: routes to marks that this sequence does not have are set aside: {names}")
        return tuple(lines)

    def _found(self, name: str, at: str) -> Path:
        """A sequence of the show: neither it nor what is read beside it may lie outside the show's folder."""
        found = inside(self._path, name, at)
        for other in beside(found):
            if other.is_symlink() or other.is_file():
                inside(self._path, str(other.relative_to(self._folder)), at)
        return found

    def _checked(self, found: Path, geometry: str, at: str, lenient: bool) -> Facts | None:
        """What stands beside a sequence that can be played: of what it says of itself, not of its rows."""
        try:
            facts = read_facts(found.with_suffix(".json"))
            Trajectory.open(found, self._info).check(found, geometry)
            if facts is not None and not is_of(facts, self._info):
                if not lenient:
                    raise ModelError(f"{found}: {_strange(facts, self._info)}")
                self.strangers.append(found.name)
        except InputError as error:
            raise ShowError(f"{at}: {error}") from None
        return facts


def check_rows(voices: Sequence[VoiceSpec], where: Where) -> None:
    """ShowError for a sequence or a pool with numbers that are not finite: pictures would stand still there.

    All of a file is read, block by block, once as long as it stays as it is.
    """
    pools = [(voice.pool, where("generator", "pool")) for voice in voices[:1]]
    for path, at in (*pools, *((voice.sequence, where("voice", i)) for i, voice in enumerate(voices))):
        if path is None:
            continue
        try:
            for part in (path, classes_beside(path)):
                if part.is_file():
                    now = part.stat()
                    _read(part, (now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino))
        except InputError as error:
            raise ShowError(f"{at}: {error}") from None
        except OSError as error:
            raise ShowError(f"{at}: {part}: cannot be read: {error.strerror or error}") from None


@lru_cache(64)
def _read(path: Path, state: tuple[int, ...]) -> None:
    """InputError for a file that holds numbers that are not finite; another state of it is read anew."""
    check_finite(path, np.load(path, mmap_mode="r", allow_pickle=False))


def _strange(facts: Facts, info: ModelInfo) -> str:
    """What is to be said of a sequence of another model."""
    model = facts.model.replace("\\", "/").rpartition("/")[2][:_LONGEST] or facts.model_hash[:12]
    return (
        f"made with another model ({model}) than {info.name} ({info.hash[:12]}); play it with its own, or let "
        'sequences match by their size, as banks by architecture (match_banks = "architecture")'
    )
