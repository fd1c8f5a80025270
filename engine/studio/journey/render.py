"""The final of a pair: at any size and rate, with its sound, and where it is asked for with a show's effects."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError
from engine.studio.farm import Workers
from engine.studio.journey.drawing import Look, info_of
from engine.studio.journey.film import ALONE, Style, check_apart, check_others, film, proxy_of
from engine.studio.journey.pair import Pair
from engine.studio.journey.parts import Reel
from engine.studio.journey.rates import frames_at
from engine.studio.learn.work import Stop, Tell, never, quiet


@dataclass(frozen=True, slots=True)
class Final:
    """What is asked for.

    out : .mp4 .mov .mkv, a folder of PNG, or .npy; fps : the pair's without
    show : whose effects it goes through, moved by its sources or a take
    """

    out: Path
    fps: Fraction | None = None
    sound: Path | None = None
    show: str = ""
    take: Path | None = None


def render(
    pair: Pair, look: Look, final: Final, workers: Workers = ALONE, tell: Tell = quiet, stop: Stop = never
) -> Path:
    """Draw it. Twice the same request gives the same bytes, whoever does the work; a killed one goes on.

    Through a show it is one pass by one process, from the beginning. In the place of a proxy that is not there, what is
    drawn is the proxy: each frame a key frame, as an editor needs it. InputError for what cannot be done.
    """
    check_apart(pair, final.out)
    check_others(pair, final.out)
    if final.out.resolve() == pair.path.with_suffix(".mp4").resolve():
        _check_proxy(pair, final)
        drawn = proxy_of(pair, look, "none", sound=final.sound, workers=workers, tell=tell, stop=stop)
        return drawn.path.with_suffix(".mp4")
    if not final.show:
        if final.take is not None:
            raise InputError(f"--take {final.take}: a take moves a show; give --show too")
        return film(
            pair, look, final.out, Style(fps=final.fps, sound=final.sound), workers=workers, tell=tell, stop=stop
        )
    if workers.ray or workers.count > 1:
        raise InputError(
            "--show: its effects see the picture before, so one process draws all; leave out --workers, --ray"
        )
    if look.backend not in ("auto", "frozen", "eager") or look.device != "cpu":
        raise InputError(f"--device {look.device}: a show is rendered on the processor; leave it out")
    from engine.studio.journey.staged import staged

    info = info_of(look.model)
    rate = final.fps or pair.facts.fps
    frames = frames_at(len(pair), pair.facts.fps, rate)
    reel = Reel(final.out, look.size or (info.width, info.height), rate, frames, sound=final.sound)
    staged(pair, look, reel, final.show, take=final.take, tell=tell)
    return final.out


def _check_proxy(pair: Pair, final: Final) -> None:
    """InputError for a final in the place of a proxy that is there, or that would be none."""
    if pair.proxy is not None:
        raise InputError(
            f"{final.out}: is its proxy, which edits are made with; name another output, or remove it to draw it again"
        )
    if final.show or (final.fps or pair.facts.fps) != pair.facts.fps:
        raise InputError(f"{final.out}: is the place of its proxy, which has its rate and no show; name another output")
