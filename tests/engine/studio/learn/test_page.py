"""Laws of looking at banks: strips, pages, and what every measure does along a direction."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, ModelError
from engine.generator.catalog import model_directions
from engine.latent.directions import Direction, Directions
from engine.studio.inspect import inspect, print_bank
from engine.studio.learn.effects import Spread, effect, effects
from engine.studio.learn.look import look
from engine.studio.learn.measures import MEASURES
from engine.studio.learn.page import pages
from engine.studio.learn.subject import Subject

AMOUNTS = np.linspace(-2, 2, 9)


class Page(HTMLParser):
    """What a page names and how its elements nest."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.sources += [value for name in ("src", "href") if tag != "a" and (value := given.get(name))]
        self.links += [given.get("href") or ""] if tag == "a" else []

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject("tulip", side=32, threads=1)


def test_an_effect_is_in_deviations_for_each_sigma() -> None:
    scores = 3.0 + 0.5 * AMOUNTS[:, None] * np.array([1.0, 1.0, 2.0])
    found = effect(MEASURES["brightness"], AMOUNTS, scores, 0.25)
    assert found.per_sigma == pytest.approx(2 * 4 / 3) and found.spearman == pytest.approx(1) and found.agree == 1
    assert found.curve[4] == 0.0 and found.curve[-1] == pytest.approx(2 * found.per_sigma)


def test_places_that_go_the_other_way_are_counted() -> None:
    found = effect(MEASURES["brightness"], AMOUNTS, AMOUNTS[:, None] * np.array([-3.0, -3.0, -3.0, 1.0]), 1.0)
    assert found.per_sigma == pytest.approx(-2) and found.agree == 0.75 and found.spearman == pytest.approx(-0.5)


def test_what_does_not_move_has_no_effect() -> None:
    for scores, deviation in ((np.ones((9, 3)), 1.0), (np.ones((9, 3)), 0.0)):
        found = effect(MEASURES["contrast"], AMOUNTS, scores, deviation)
        assert (found.per_sigma, found.spearman, found.agree) == (0.0, 0.0, 0.0) and not found.curve.any()


def test_an_angle_is_followed_on_its_way_round() -> None:
    straight = 170.0 + 20.0 * AMOUNTS[:, None] * np.ones(2)
    found = effect(MEASURES["hue"], AMOUNTS, (straight + 180.0) % 360.0 - 180.0, 40.0)
    assert found.per_sigma == pytest.approx(0.5) and found.agree == 1.0


def test_measures_that_belong_to_a_factor_come_first(subject: Subject) -> None:
    spread = Spread.measured(subject, 0, 64)
    found = effects(subject, model_directions("tulip")["bloom"], spread, places=6)
    assert len(found) == len(MEASURES)
    sizes = [abs(one.per_sigma) for one in found]
    assert sizes == sorted(sizes, reverse=True)
    size = next(one for one in found if one.measure.name == "object_size")
    assert size.per_sigma > 0.2 and size.agree > 0.7, "an open flower is larger"


def test_pages_stand_alone_and_lead_to_each_other(subject: Subject, tmp_path: Path) -> None:
    own = model_directions("tulip")
    odd = Direction('<b>&"%', own["hue"].vector, layers=(9,), safe=(-1.0, 2.0), measures={"r2": 0.5}, method="<i>")
    index = pages(tmp_path / "p", subject, Directions((own["bloom"], odd)), title="two & two")
    files = sorted(path.name for path in index.parent.iterdir())
    assert len(files) == 3 and "index.html" in files
    found = {name: Page(index.parent / name) for name in files}
    assert all(source.startswith("data:image/") for page in found.values() for source in page.sources)
    assert all(link in files for page in found.values() for link in page.links)
    assert set(found["index.html"].links) | {"index.html"} == set(files)
    page = found[files[1]]
    assert odd.name in page.words and "<i>" in page.words and "Is it a cause?" in page.words and "0.5" in page.words
    assert all(name.replace("_", " ") in page.words for name in MEASURES)
    again = {name: (index.parent / name).read_bytes() for name in files}
    pages(tmp_path / "p", subject, Directions((own["bloom"], odd)), title="two & two")
    assert again == {name: (index.parent / name).read_bytes() for name in files}, "the same bank is the same pages"


def test_pages_want_a_folder(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name a folder"):
        pages(tmp_path / "file", subject, Directions(), title="x")


def test_a_bank_is_looked_at_with_the_model_that_it_names(tmp_path: Path) -> None:
    bank, out = tmp_path / "bank.safetensors", tmp_path / "strips.png"
    mine = model_directions("tulip")["bloom"]
    Directions((Direction("a", mine.vector, model="tulip", model_hash=mine.model_hash),)).save(bank)
    look(bank, strips=out, threads=1)
    assert out.read_bytes()[:4] == b"\x89PNG" and out.stat().st_size <= 400_000


@pytest.mark.parametrize(("named", "said"), [("", "does not say of which model"), ("velvet", "velvet, which is not")])
def test_a_bank_of_no_model_that_is_known_asks_for_one(named: str, said: str, tmp_path: Path) -> None:
    Directions((Direction("a", np.ones(512), model=named),)).save(tmp_path / "b.safetensors")
    with pytest.raises(InputError, match=f"{said}.*--model M"):
        look(tmp_path / "b.safetensors", strips=tmp_path / "s.png")


def test_what_cannot_be_drawn_is_said_before_the_work(tmp_path: Path) -> None:
    bank = tmp_path / "b.safetensors"
    Directions((Direction("a", np.ones(512), model="tulip", model_hash="f" * 64),)).save(bank)
    with pytest.raises(ModelError, match="learned on another model"):
        look(bank, strips=tmp_path / "s.png")
    with pytest.raises(InputError, match="is a .png"):
        look(bank, strips=tmp_path / "s.jpg", match="architecture")


def test_inspect_tells_what_each_direction_carries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = tmp_path / "b.safetensors"
    Directions((
        Direction("ab", np.ones(4), "w", 0.5, (0, 1, 2, 5), method="by\x07hand",
                  measures={"r2": 0.9}, model="tulip", safe=(-1, 2)),
    )).save(bank)  # fmt: skip
    found = inspect(str(bank))
    assert found["kind"] == "directions" and found["model"] == "tulip"
    assert found["directions"]["ab"]["layers"] == [0, 1, 2, 5] and found["directions"]["ab"]["safe"] == [-1.0, 2.0]
    json.dumps(found)
    print_bank(found)
    told = capsys.readouterr().out
    assert "0-2, 5" in told and "-1 to 2" in told and "r2 0.9" in told and "\x07" not in told
