"""Assessors: whatever gives a picture a number. Built in, a network's file, a function of one's own, or CLIP."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import InputError, printable
from engine.studio.learn.measures import MEASURES

NETWORKS = (".pt", ".ts", ".pth", ".jit", ".onnx")
CLIP = "clip:"


@dataclass(frozen=True, slots=True)
class Assessor:
    """A number of a picture.

    of : (n, 3, h, w) sRGB in 0..1 -> (n,)
    gradient : whether it may have one; where it turns out that it has none, learning goes by differences
    turn : the period of an angle; 0 for what does not come round
    """

    name: str
    of: Callable[[Tensor], Tensor]
    gradient: bool = True
    turn: float = 0.0

    def score(self, pictures: Tensor) -> Tensor:
        """(n,) finite numbers. InputError for anything else that it gives."""
        try:
            found = self.of(pictures)
        except InputError:
            raise
        except Exception as error:  # it is the caller's own program: whatever it raises is told, and where it is from
            raise InputError(f"assessor {self.name}: {type(error).__name__}: {printable(str(error))[:400]}") from error
        count = len(pictures)
        if not isinstance(found, Tensor):
            found = _as_tensor(self.name, found, pictures)
        if found.shape == (count, 1):
            found = found[:, 0]
        if found.shape != (count,):
            raise InputError(
                f"assessor {self.name} gives {tuple(found.shape)} for {count} pictures; one number for each is needed: "
                f"({count},)" + ("; --assessor-output K takes one of several" if found.shape[:1] == (count,) else "")
            )
        found = found.to(torch.float32)
        if not bool(found.isfinite().all()):
            bad = int((~found.isfinite()).sum())
            raise InputError(
                f"assessor {self.name} gives {found[~found.isfinite()][0].item()} for {bad} of {count} pictures; it "
                "must give a finite number for any picture of the model"
            )
        return found


@dataclass(frozen=True, slots=True)
class Input:
    """What a network wants to see.

    size : side in pixels of its square input; None: what its file says, else the pictures as they are
    normalise : how its numbers are scaled, one of `NORMALISE`
    output : which of several numbers that it gives is the score
    """

    size: int | None = None
    normalise: str = "0..1"
    output: int | None = None


NORMALISE: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "0..1": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "-1..1": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "0..255": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """An assessor, and how many deviations of its score one deviation asked for is to bring; 0 holds it still."""

    assessor: Assessor
    weight: float = 1.0


def wish(text: str, given: Input | None = None, device: str | torch.device = "cpu", clip: str | None = None) -> Wish:
    """What `--assessor` names: NAME|FILE|FILE.py:FUNCTION|SHOW:FUNCTION|clip:TEXT, and `=WEIGHT` after it.

    InputError says what is wrong with it; a weight is a number, other than 0.
    """
    name, equals, weight = text.rpartition("=")
    if not equals:
        return Wish(assessor(text, given, device, clip))
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value):
        raise InputError(f"--assessor {text}: the weight after = is {weight!r}; give a number other than 0")
    return Wish(assessor(name, given, device, clip), value)


def held(text: str, given: Input | None = None, device: str | torch.device = "cpu", clip: str | None = None) -> Wish:
    """What `--hold` names: its score is to stay as it is."""
    return Wish(assessor(text, given, device, clip), 0.0)


def assessor(
    text: str, given: Input | None = None, device: str | torch.device = "cpu", clip: str | None = None
) -> Assessor:
    """The assessor of this name or file. InputError says which there are, or what is wrong with the file.

    clip : model and weights of CLIP, NAME:WEIGHTS; none, the default of `engine.studio.learn.clip`
    """
    given = given or Input()
    if given.normalise not in NORMALISE:
        raise InputError(f"--assessor-normalise {given.normalise}: give {', '.join(NORMALISE)}")
    where = torch.device(device)
    if text in MEASURES:
        measure = MEASURES[text]
        return Assessor(text, measure.of, turn=measure.turn)
    if text.startswith(CLIP):
        from engine.studio.learn.clip import text_score

        return text_score(text[len(CLIP) :], clip, where)
    suffix = Path(text).suffix.lower()
    if suffix in NETWORKS:
        from engine.studio.learn import networks

        return networks.onnx(Path(text), given) if suffix == ".onnx" else networks.script(Path(text), given, where)
    file, colon, function = text.rpartition(":")
    if colon:
        from engine.studio.learn.functions import function_of

        return function_of(file, function)
    raise InputError(_unknown(text))


def prepared(pictures: Tensor, given: Input, size: int | None) -> Tensor:
    """Pictures as a network wants them: the middle square, resized (bilinear, antialiased), and scaled."""
    seen = pictures.clamp(0.0, 1.0)
    if size is not None:
        side = min(seen.shape[-2:])
        top, left = (seen.shape[-2] - side) // 2, (seen.shape[-1] - side) // 2
        seen = seen[..., top : top + side, left : left + side]
        if side != size:
            seen = torch.nn.functional.interpolate(
                seen, (size, size), mode="bilinear", align_corners=False, antialias=True
            )
    mean, deviation = (seen.new_tensor(row)[:, None, None] for row in NORMALISE[given.normalise])
    return (seen - mean) / deviation


def picked(found: Tensor, given: Input) -> Tensor:
    """The one of several outputs that is asked for; all where none is."""
    if given.output is None or found.ndim < 2:
        return found
    flat = found.flatten(1)
    if not 0 <= given.output < flat.shape[1]:
        raise InputError(
            f"--assessor-output {given.output}: it gives {flat.shape[1]} numbers, 0 to {flat.shape[1] - 1}"
        )
    return flat[:, given.output]


def _as_tensor(name: str, found: object, like: Tensor) -> Tensor:
    try:
        return torch.as_tensor(found, dtype=torch.float32, device=like.device)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"assessor {name} gives a {type(found).__name__}; give one number for each picture") from None


def _unknown(text: str) -> str:
    close = get_close_matches(text, MEASURES, 1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    have = ", ".join(MEASURES)
    return (
        f"no assessor {text!r}{hint} Give one of {have}; a TorchScript (.pt, .ts) or ONNX file; FILE.py:FUNCTION or "
        'SHOW:FUNCTION; or clip:"a text"'
    )


def digest_of(text: str) -> str | None:
    """Of an assessor's file, so that work is not gone on with after the file changed; None for one without."""
    for name in (text, text.rpartition("=")[0], text.rpartition(":")[0]):
        if name and Path(name).is_file():
            return sha256(Path(name).read_bytes()).hexdigest()
    return None


def named(wishes: Sequence[Wish]) -> str:
    """What a direction of them is called: `brightness`, `brightness+symmetry`, `less-redness`."""
    words = [("" if w.weight > 0 else "less-") + slug(w.assessor.name) for w in wishes if w.weight]
    return "+".join(words)[:64]


def slug(name: str) -> str:
    """A name that can stand in an address."""
    kept = "".join(c if c.isalnum() or c in "_-." else "-" for c in Path(name).name if c.isprintable())
    return "-".join(part for part in kept.split("-") if part)[:48] or "assessor"
