"""The sheet for people: strips, a CSV that goes back, and a page that a browser opens from a disk."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.errors import InputError
from engine.latent.directions import Direction, Directions
from engine.studio.learn.vocabulary.answers import read_answers
from engine.studio.learn.vocabulary.describe import describe, read_words
from engine.studio.learn.vocabulary.learn import describe_by, filled, make_sheet
from engine.studio.learn.vocabulary.sheet import PAGE, TABLE, frames, strips_of
from tests.engine.studio.learn.analytic import ACROSS, BRIGHT, Analytic
from tests.engine.studio.learn.vocabulary.browser import opened

SIDE = 32
SUBJECT = Analytic()
NAMES = ("bright", "left<b>&")  # a name is no markup
BANK = Directions(
    (Direction(NAMES[0], SUBJECT.ways[BRIGHT].numpy()), Direction(NAMES[1], -SUBJECT.ways[ACROSS].numpy()))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "sheet"
    make_sheet(SUBJECT, BANK, path, seeds=2, side=SIDE)
    return path


def test_each_direction_has_a_strip_at_each_place(folder: Path) -> None:
    rows = read_answers([folder / TABLE], NAMES, blanks=True).rows
    assert sorted((row.id, row.seed) for row in rows) == [
        ("bright", 0),
        ("bright", 1),
        ("left<b>&", 2),
        ("left<b>&", 3),
    ]
    assert len(list((folder / "strips").glob("*.png"))) == 4


def test_a_strip_goes_from_before_to_after(folder: Path) -> None:
    for strip in strips_of(list(BANK), 2, 0):
        picture = np.asarray(Image.open(folder / strip.file), float)
        before, after = picture[:, :SIDE], picture[:, -SIDE:]
        if strip.direction.name == "bright":
            assert after.mean() > before.mean() + 5
        else:
            centre = [(p.sum(2) * np.arange(SIDE)).sum() / p.sum() for p in (before, after)]
            assert centre[1] < centre[0]


def test_seeds_go_round_at_the_last_one() -> None:
    assert sorted(strip.seed for strip in strips_of(list(BANK), 2, 2**32 - 2)) == [0, 1, 2**32 - 2, 2**32 - 1]


def test_a_folder_that_may_hold_words_is_left_alone(folder: Path) -> None:
    with pytest.raises(InputError, match="may hold people's words; name a new folder"):
        make_sheet(SUBJECT, BANK, folder, side=SIDE)
    assert filled(folder) == (folder / TABLE,)


def test_a_folder_without_a_page_is_no_sheet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no sheet's folder"):
        filled(tmp_path)


def light(pictures: Tensor) -> Tensor:
    """How bright, and how dark: a describer of two words."""
    mean = pictures.mean((1, 2, 3))
    return torch.stack([mean, -mean], 1)


def test_a_network_describes_what_gains_most() -> None:
    shown = list(BANK) + [Direction("dark", -SUBJECT.ways[BRIGHT].numpy())]
    strips = strips_of(shown, 3, 0)
    told = describe(frames(SUBJECT, strips, 2.0, SIDE), len(strips), light, ["bright", "dim"])
    right = {"bright": "bright", "dark": "dim"}
    assert all(text in (right.get(strip.direction.name, ""), "") for strip, text in told)
    assert {text for _, text in told} == {"bright", "dim", ""}


def test_a_described_sheet_can_be_read(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.csv"
    told = describe_by(SUBJECT, BANK, folder, out, light, ["bright", "dim"], name="light meter", side=SIDE)
    found = read_answers([out], NAMES)
    assert len(found.rows) == told > 0
    assert found.annotators == ("light meter",)


@pytest.mark.parametrize("text", ["", "one\n", "# red\n\nblue"])
def test_a_list_of_fewer_than_two_words_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text)
    with pytest.raises(InputError, match="give 2 to 4096, one in a line"):
        read_words(path)


@pytest.mark.real
def test_people_describe_strips_in_a_browser(folder: Path, tmp_path: Path, program: Callable[[str], str]) -> None:
    profile, downloads = tmp_path / "profile", tmp_path / "downloads"
    profile.mkdir()
    downloads.mkdir()
    with opened(program("chromium"), profile, downloads) as page:
        page.open(folder / PAGE)
        assert page.value("document.querySelectorAll('li img').length") == 4
        seen = "Promise.all([...document.images].map((i) => (i.loading = 'eager', i.decode()))).then(() => true)"
        assert page.value(seen)
        page.value("document.getElementById('words1').focus()")
        page.type('bright, "very" bright')
        page.press("Enter", 13, text="\r")
        assert page.value("document.activeElement.id") == "words2"
        page.type("=hällt, links")
        page.press("Enter", 13, modifiers=8, text="\r")
        assert page.value("document.activeElement.id") == "words1"
        page.press("s", 83, modifiers=2)
        assert "Write your name first" in page.value("document.getElementById('said').textContent")
        page.type("Ada Lovelace")
        page.call("Page.reload")
        time.sleep(0.5)
        page.open(folder / PAGE)
        assert page.value("document.getElementById('count').textContent") == "2 of 4 described"
        page.press("s", 83, modifiers=2)
        saved, until = downloads / "described_ada_lovelace.csv", time.monotonic() + 30
        while not saved.exists():
            assert time.monotonic() < until, "nothing was saved"
            time.sleep(0.05)
        time.sleep(0.2)
        assert all(url.startswith(("file:", "blob:")) for url in page.asked)
    found = read_answers([saved], NAMES).rows
    first, second = read_answers([folder / TABLE], NAMES, blanks=True).rows[:2]
    assert [(row.id, row.seed, row.text) for row in found] == [
        (first.id, first.seed, 'bright, "very" bright'), (second.id, second.seed, "=hällt, links"),
    ]  # fmt: skip
    assert {row.annotator for row in found} == {"Ada Lovelace"}
