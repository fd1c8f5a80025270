"""Pages: what a bank holds, one page for each direction, to be opened from disk."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.latent.directions import Direction, Directions
from engine.paths import check_output, part_beside
from engine.studio.learn.effects import AMOUNTS, PLACES, SPREAD, Effect, Spread, effects
from engine.studio.learn.strips import AMOUNTS as SHOWN
from engine.studio.learn.strips import SEED, Block, block
from engine.studio.learn.subject import Subject
from engine.studio.learn.words import runs, span
from engine.studio.learn.work import Tell, quiet

ROWS, SIDE = 4, 112  # places of a strip, and the pixels of each picture
FEW = 3  # measures named in the index
QUALITY = 84  # of the pictures within a page
TELLS = 0.1  # deviations per sigma: a measure that changes less is told in grey
STYLE = """
:root { --paper: #faf8f3; --ink: #28282f; --grey: #88847c; --faint: #ded9d0; --mark: #c44e2a; }
body { background: var(--paper); color: var(--ink); max-width: 62rem; margin: 3rem auto; padding: 0 1.5rem;
  font: 17px/1.55 "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Georgia, serif; }
h1 { font-weight: 500; font-size: 2.3rem; line-height: 1.15; margin: 0 0 .3rem; }
h2 { font-weight: 500; font-size: 1.25rem; margin: 2.6rem 0 .6rem; }
a { color: inherit; text-decoration-color: var(--mark); text-underline-offset: .15em; }
p { max-width: 40rem; } nav, .note, th, figcaption, dt { color: var(--grey); font-size: .88rem; }
figure { margin: 1.6rem 0 0; } figure img { display: block; width: 100%; }
.scale { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; text-align: center; color: var(--grey);
  font-size: .85rem; } .safe { position: relative; height: 3px; margin-top: 5px; background: var(--faint); }
.safe i { position: absolute; top: 0; bottom: 0; background: var(--mark); }
dl { display: grid; grid-template-columns: max-content 1fr; align-items: baseline; gap: .15rem 1.4rem;
  margin: 0; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 400; }
td, th { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--faint); vertical-align: middle; }
.n { text-align: right; font-variant-numeric: tabular-nums lining-nums; white-space: nowrap; }
tr.still td { color: var(--grey); } small { color: var(--grey); } svg { display: block; } .thumb { width: 22rem; }
.thumb img { display: block; width: 100%; } .break { overflow-wrap: anywhere; }
"""


@dataclass(frozen=True, slots=True)
class _Page:
    """One direction, looked at."""

    file: str
    direction: Direction
    strip: Block
    found: Sequence[Effect]


def pages(folder: Path, subject: Subject, bank: Directions, *, title: str, seed: int = 0, tell: Tell = quiet) -> Path:
    """Write a page for each direction and an index of them; gives the index. Pictures are within the pages.

    title : what the bank is called; seed : of the places that everything is measured at
    InputError for a folder that is none.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder for the pages")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from None
    check_output(folder / "index.html")
    tell("measuring the model", 0, 1)
    spread = Spread.measured(subject, seed)
    places = subject.sample(ROWS, SEED)
    made = []
    for i, direction in enumerate(bank):
        tell(f"looking along {direction.name}", i, len(bank))
        found = effects(subject, direction, spread, seed=seed)
        made.append(_Page(_file(i, direction.name), direction, block(subject, direction, places, SHOWN, SIDE), found))
    for page in made:
        _write(folder / page.file, _page(page, title, subject.info, seed))
    _write(folder / "index.html", _index(made, title, subject.info))
    return folder / "index.html"


def _file(i: int, name: str) -> str:
    return f"{i + 1:02}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name)[:40]}.html"


def _write(path: Path, text: str) -> None:
    with part_beside(path) as part:
        part.write_text(text, "utf-8")


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def _page(page: _Page, title: str, info: ModelInfo, seed: int) -> str:
    d = page.direction
    name = escape(d.name)
    body = f"""<nav><a href="index.html">{escape(title)}</a></nav>
<h1>{name}</h1>
<figure><img src="{_strip(page.strip.pictures)}" alt="{ROWS} places of {escape(info.name)}, moved along {name}">
{_scale(d)}<figcaption>{ROWS} places of {escape(info.name)}; amounts in sigma.{_marked(d)}</figcaption></figure>
<h2>What it is</h2>
{_facts(d)}
<h2>What changes along it</h2>
<p>Each measure of the picture, at {PLACES} places moved from {AMOUNTS[0]:g} to {AMOUNTS[-1]:g} sigma, in deviations of
that measure over {SPREAD} pictures of the model's own.</p>
{_table(page.found)}
<h2>Is it a cause?</h2>
<p>Half. Each place was moved along this direction and left alone otherwise, so the move is what changed these numbers,
in this model. It does not follow that <em>{name}</em> changed them: what was learned under that name may carry other
things along, and nothing here takes them apart (<code>latenz learn combine --without</code> does). Nor does it follow
that these things belong together in the world: the model has seen some pictures of it, and these are its own.</p>
<p class="note">Measured with seed {seed}, at {SIDE} pixels in the strip; every number on this page comes from the model
alone, no one was asked.</p>"""
    return _html(f"{d.name}, {title}", body)


def _index(made: Sequence[_Page], title: str, info: ModelInfo) -> str:
    rows = []
    for page in made:
        d = page.direction
        most = [f"{_word(e)}&nbsp;{_signed(e.per_sigma)}" for e in page.found[:FEW] if abs(e.per_sigma) >= TELLS]
        middle = page.strip.pictures[:1]
        rows.append(
            f'<tr><td class="thumb"><a href="{page.file}"><img src="{_strip(middle)}" alt=""></a></td>'
            f'<td><a href="{page.file}">{escape(d.name)}</a><br><small>{escape(d.method)}</small></td>'
            f"<td>{', '.join(most) or '<small>nothing that is measured</small>'}</td>"
            f'<td class="n">{span(d.safe)}</td></tr>'
        )
    body = f"""<h1>{escape(title)}</h1>
<p>{len(made)} direction{"s" * (len(made) != 1)} of {escape(info.name)}. Beside each, what changes most along it, in
deviations of the model's own pictures for each sigma.</p>
<table><tr><th>from {SHOWN[0]:g} to {SHOWN[-1]:g} sigma<th>direction<th>what changes<th class="n">safe range, sigma</tr>
{chr(10).join(rows)}
</table>"""
    return _html(title, body)


def _facts(d: Direction) -> str:
    facts = [
        ("one sigma is", f"{d.sigma:.4g} in {d.space}"),
        ("layers", "all" if d.layers is None else runs(d.layers)),
        ("shape", "bends" if d.curve is not None else "straight"),
        ("safe range", f"{span(d.safe)} sigma" if d.safe else "nobody looked"),
        ("pace", f"{d.pace.per_sigma:.3g} of visible change per sigma" if d.pace else "nobody looked"),
        ("learned by", d.method or "not told"),
        ("of", " ".join(filter(None, (d.model, d.model_hash[:12]))) or "any model of its size"),
        *((name.replace("_", " "), f"{value:.4g}") for name, value in d.measures.items()),
    ]
    return "<dl>" + "".join(f'<dt>{escape(k)}<dd class="break">{escape(v)}' for k, v in facts) + "</dl>"


def _table(found: Sequence[Effect]) -> str:
    most = max([1.0, *(float(np.abs(e.curve).max()) for e in found)])
    rows = [
        f"<tr{'' if abs(e.per_sigma) >= TELLS else ' class=still'}><td>{_word(e)}<br><small>{escape(e.measure.about)}"
        f'</small></td><td class="n">{_signed(e.per_sigma)}</td><td class="n">{_signed(e.spearman)}</td>'
        f'<td class="n">{100 * e.agree:.0f} %</td><td>{_curve(e, most)}</td></tr>'
        for e in found
    ]
    return (
        '<table><tr><th>measure<th class="n">change per sigma<th class="n">rank correlation<th class="n">places that '
        f"agree<th>from {AMOUNTS[0]:g} to {AMOUNTS[-1]:g} sigma</tr>\n" + "\n".join(rows) + "\n</table>"
    )


def _curve(effect: Effect, most: float, width: int = 170, height: int = 38) -> str:
    """The mean change over the amounts, within its deviation over the places."""
    x = np.linspace(1, width - 1, len(effect.curve))

    def points(values: NDArray[np.float64], at: NDArray[np.float64]) -> str:
        y = height / 2 - np.clip(values / most, -1, 1) * (height / 2 - 2)
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(at, y, strict=True))

    band = points(
        np.concatenate([effect.curve + effect.band, (effect.curve - effect.band)[::-1]]), np.concatenate([x, x[::-1]])
    )
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{_word(effect)}">'
        f'<path d="M0 {height / 2}H{width}M{width / 2} 4V{height - 4}" stroke="#ded9d0"/>'
        f'<polygon points="{band}" fill="#c44e2a" opacity=".14"/>'
        f'<polyline points="{points(effect.curve, x)}" fill="none" stroke="#c44e2a" stroke-width="1.6"/></svg>'
    )


def _scale(d: Direction) -> str:
    """Amounts under the columns, and the safe range as a line."""
    amounts = "".join(f"<span>{amount:+g}</span>" if amount else "<span>0</span>" for amount in SHOWN)
    line = ""
    if d.safe is not None:
        half = 50 / len(SHOWN)
        low, high = (float(np.interp(end, SHOWN, np.linspace(half, 100 - half, len(SHOWN)))) for end in d.safe)
        line = f'<div class="safe"><i style="left:{low:.1f}%;width:{high - low:.1f}%"></i></div>'
    return f'{line}<div class="scale">{amounts}</div>'


def _marked(d: Direction) -> str:
    return "" if d.safe is None else " The line marks the safe range."


def _strip(pictures: NDArray[np.uint8]) -> str:
    """Pictures (rows, columns, h, w, 3) as one, within the page."""
    rows, columns, height, width, _ = pictures.shape
    whole = pictures.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    out = BytesIO()
    Image.fromarray(np.ascontiguousarray(whole)).save(out, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _word(effect: Effect) -> str:
    return escape(effect.measure.name.replace("_", " "))


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
