"""Assessors: what may be one, and what is said of what may not."""

import pickle
import sys
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.studio.learn.assessors import NORMALISE, Assessor, Input, Wish, assessor, held, named, prepared, slug, wish
from engine.studio.learn.clip import scored
from engine.studio.learn.measures import MEASURES
from tests.conftest import needed
from tests.engine.studio.learn.onnx_bytes import mean_network


def pictures(count: int = 3, high: int = 8, wide: int = 8) -> Tensor:
    return torch.rand(count, 3, high, wide, generator=torch.Generator().manual_seed(4))


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def traced(path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(Mean(), pictures()).save(str(path))
    return path


def test_every_measure_is_an_assessor_by_its_name() -> None:
    for name, measure in MEASURES.items():
        found = assessor(name)
        assert (found.name, found.turn, found.gradient) == (name, measure.turn, True)
        torch.testing.assert_close(found.score(pictures()), measure.of(pictures()))


def test_a_weight_stands_after_the_name() -> None:
    assert wish("redness").weight == 1.0
    assert wish("redness=-0.5").weight == -0.5
    assert held("redness").weight == 0.0


@pytest.mark.parametrize("text", ["redness=", "redness=0", "redness=much", "redness=nan", "redness=inf"])
def test_a_weight_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="give a number other than 0"):
        wish(text)


def test_an_unknown_name_gets_the_nearest_and_all() -> None:
    with pytest.raises(
        InputError, match=r'no assessor .brightnes..* did you mean "brightness"\? Give one of .*symmetry'
    ):
        wish("brightnes")


def test_directions_are_named_after_what_rises() -> None:
    wishes = [Wish(assessor("redness")), Wish(assessor("symmetry"), -1.0), Wish(assessor("hue"), 0.0)]
    assert named(wishes) == "redness+less-symmetry"
    assert slug("my scores/a b.ts") == "a-b.ts"
    assert slug("?") == "assessor"


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (lambda x: x.mean((1, 2, 3)) * torch.nan, r"own gives nan for 3 of 3 pictures"),
        (lambda x: x.mean((1, 2, 3)) + torch.tensor([0.0, torch.inf, 0.0]), "inf for 1 of 3"),
        (lambda x: x.mean(), r"own gives \(\) for 3 pictures; one number for each"),
        (lambda x: x.mean((2, 3)), r"own gives \(3, 3\) for 3 pictures.*--assessor-output"),
        (lambda x: "much", "own gives a str"),
        (lambda x: 1 / 0, "own: ZeroDivisionError: division by zero"),
    ],
)
def test_what_gives_no_number_for_each_picture_is_named(gives: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Assessor("own", gives).score(pictures())  # type: ignore[arg-type]


def test_lists_and_columns_are_numbers_too() -> None:
    assert Assessor("own", lambda x: [1.0, 2.0, 3.0]).score(pictures()).tolist() == [1.0, 2.0, 3.0]  # type: ignore[arg-type,return-value]
    assert Assessor("own", lambda x: x[:, 0, 0, :1]).score(pictures()).shape == (3,)


def test_a_network_sees_the_middle_square_resized_and_scaled() -> None:
    wide = torch.zeros(1, 3, 8, 16)
    wide[..., 4:12] = 1.0
    seen = prepared(wide, Input(4, "-1..1"), 4)
    torch.testing.assert_close(seen, torch.ones(1, 3, 4, 4))
    for how, (mean, deviation) in NORMALISE.items():
        found = prepared(torch.full((1, 3, 2, 2), 0.25), Input(None, how), None)[0, :, 0, 0]
        torch.testing.assert_close(found, (0.25 - torch.tensor(mean)) / torch.tensor(deviation))


def test_an_unknown_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--assessor-normalise 0-1: give 0..1, -1..1, 0..255, imagenet, clip"):
        assessor(str(tmp_path / "x.ts"), Input(normalise="0-1"))


def test_a_torchscript_file_gives_its_numbers_and_gradients(tmp_path: Path) -> None:
    found = assessor(str(traced(tmp_path / "mean.pt")), Input(output=1))
    asked = pictures().requires_grad_()
    score = found.score(asked)
    torch.testing.assert_close(score, pictures()[:, 1].mean((1, 2)))
    (slope,) = torch.autograd.grad(score.sum(), asked)
    assert float(slope[:, 1].min()) > 0.0 == float(slope[:, 0].abs().max())


def test_one_of_several_outputs_has_to_be_named_and_be_there(tmp_path: Path) -> None:
    path = str(traced(tmp_path / "mean.pt"))
    with pytest.raises(InputError, match="--assessor-output K takes one of several"):
        assessor(path).score(pictures())
    with pytest.raises(InputError, match="--assessor-output 3: it gives 3 numbers, 0 to 2"):
        assessor(path, Input(output=3)).score(pictures())


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return sys.exit, ("a pickle ran",)


def test_a_pickle_is_refused_by_name_and_never_run(tmp_path: Path) -> None:
    old, new = tmp_path / "old.pt", tmp_path / "new.pt"
    old.write_bytes(pickle.dumps(Bomb()))
    torch.save({"x": Bomb()}, new)
    for path in (old, new):
        with pytest.raises(InputError, match=f"{path.name} is a pickle of Python objects.*torch.jit"):
            assessor(str(path))


def test_a_pickle_inside_a_torchscript_names_no_python_class(tmp_path: Path) -> None:
    good, bad = traced(tmp_path / "good.pt"), tmp_path / "bad.pt"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            pickled = name.endswith(("data.pkl", "constants.pkl"))
            target.writestr(name, pickle.dumps(Bomb(), 2) if pickled else source.read(name))
    with pytest.raises(InputError, match="no TorchScript that this PyTorch can load"):
        assessor(str(bad))


@pytest.mark.parametrize("name", ["a.pt", "a.ts", "a.onnx"])
def test_files_that_are_none_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        assessor(str(tmp_path / name))
    (tmp_path / name).write_bytes(b"\x00 neither of them \xff" * 9)
    with pytest.raises(InputError, match="no TorchScript|no ONNX"):
        assessor(str(tmp_path / name))


def test_a_zip_archive_is_no_torchscript(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(InputError, match="is a zip archive, but no TorchScript"):
        assessor(str(tmp_path / "a.pt"))


@pytest.mark.parametrize("shape", [("n", 3, 8, 8), (1, 3, 8, 8), ("n", 3, "h", "w")])
def test_an_onnx_file_gives_its_numbers_without_gradients(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    needed("openvino")
    found = assessor(str(mean_network(tmp_path / "mean.onnx", shape)), Input(output=2))
    assert not found.gradient
    torch.testing.assert_close(found.score(pictures()), pictures()[:, 2].mean((1, 2)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "size", "said"),
    [
        (("n", 1, 8, 8), None, "an assessor's is pictures"),
        (("n", 3, 8, 9), None, "latenz gives squares"),
        ((4, 3, 8, 8), None, "it takes 4 pictures at a time"),
        (("n", 3, 8, 8), 16, "its input is 8 x 8, --assessor-size says 16"),
    ],
)
def test_an_onnx_file_of_other_inputs_is_refused(
    tmp_path: Path, shape: tuple[int | str, ...], size: int | None, said: str
) -> None:
    needed("openvino")
    with pytest.raises(InputError, match=said):
        assessor(str(mean_network(tmp_path / "mean.onnx", shape)), Input(size))


SCRIPT = """
import numpy as np
from engine.script import control, every, on, signal

START = signal("/audio/low")
control("/direction/bloom", 1.0)

@every(beats=1)
def swing():
    raise RuntimeError("a show's own function was called")

def red(pictures):
    return pictures[:, 0].mean((1, 2))

def corner(pictures: np.ndarray):
    assert pictures.dtype == np.float32 and pictures.shape[-1] == 3
    return pictures[:, 0, 0].mean(1)

NUMBER = 3
"""


OWN = """
from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Way:
    channel: int = 1


def green(pictures):
    return pictures[:, Way().channel].mean((1, 2))
"""


@pytest.fixture
def show(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    (tmp_path / "show.toml").write_text('title = "x"\nscript = "script.py"\n', "utf-8")
    return tmp_path


@pytest.mark.parametrize("where", ["", "show.toml", "script.py"])
def test_a_function_of_a_shows_script_is_an_assessor_and_the_rest_stays_asleep(show: Path, where: str) -> None:
    red, corner = (assessor(f"{show / where}:{name}") for name in ("red", "corner"))
    torch.testing.assert_close(red.score(pictures()), pictures()[:, 0].mean((1, 2)))
    torch.testing.assert_close(corner.score(pictures()), pictures()[:, :, 0, 0].mean(1))
    assert (red.name, red.gradient, corner.gradient) == ("red", True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("script.py:rad", r'no function "rad"; did you mean "red"\?'),
        ("script.py:NUMBER", 'no function "NUMBER"'),
        ("gone.py:red", "no such file"),
        ("broken.py:red", r"broken.py:2: SyntaxError"),
        ("raises.py:red", r"raises.py: ValueError: not today"),
    ],
)
def test_a_function_that_is_not_there_is_named(show: Path, text: str, said: str) -> None:
    (show / "broken.py").write_text("x = 1\ndef red(:\n", "utf-8")
    (show / "raises.py").write_text("raise ValueError('not today')\n", "utf-8")
    with pytest.raises(InputError, match=said):
        assessor(str(show / text))


def test_a_file_may_hold_dataclasses_whose_annotations_are_texts(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN, "utf-8")
    torch.testing.assert_close(
        assessor(f"{tmp_path / 'own.py'}:green").score(pictures()), pictures()[:, 1].mean((1, 2))
    )


def test_a_show_without_a_script_says_what_to_put_in(tmp_path: Path) -> None:
    (tmp_path / "show.toml").write_text('title = "x"\n', "utf-8")
    with pytest.raises(InputError, match='names no script; put script = "script.py" into it'):
        assessor(f"{tmp_path}:red")


class Tiny(nn.Module):
    """What open_clip's networks look like from outside: both encoders end in vectors of one length."""

    def encode_image(self, image: Tensor) -> Tensor:
        return torch.cat([image.mean((2, 3)), image.amax((2, 3))], 1)

    def encode_text(self, text: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(text[:, 0], 6).float()


def words(texts: list[str]) -> Tensor:
    return torch.tensor([[["red", "green", "blue"].index(text)] for text in texts])


def test_a_text_scores_the_cosine_and_a_pair_its_difference() -> None:
    given = Input(4, "clip")
    one = scored("red", ["red"], Tiny(), words, given, torch.device("cpu"))
    two = scored("red|blue", ["red", "blue"], Tiny(), words, given, torch.device("cpu"))
    blue = scored("blue", ["blue"], Tiny(), words, given, torch.device("cpu"))
    asked = pictures().requires_grad_()
    torch.testing.assert_close(two.score(asked), one.score(asked) - blue.score(asked), rtol=1e-4, atol=1e-4)
    assert float(one.score(asked).detach().abs().max()) <= 100.0
    assert bool(torch.autograd.grad(two.score(asked).sum(), asked)[0].isfinite().all())


@pytest.mark.parametrize("text", ["clip:", "clip:a|", "clip:a|b|c"])
def test_texts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match='give clip:"a text"'):
        assessor(text)


def test_without_open_clip_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(InputError, match=r'CLIP text scores need open_clip: pip install "latenz\[clip\]"'):
        assessor("clip:a scary tulip")


@pytest.mark.parametrize("which", ["ViT-B-32", "ViT-B-32:", ":laion"])
def test_a_clip_without_weights_is_refused(which: str) -> None:
    """open_clip would draw random weights, and any score of them."""
    with pytest.raises(InputError, match="give NAME:WEIGHTS"):
        assessor("clip:a scary tulip", clip=which)


def test_what_open_clip_says_of_its_weights_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        @staticmethod
        def create_model(name: str, pretrained: str, device: torch.device) -> nn.Module:
            raise ValueError(f"Pretrained value {pretrained!r} is not a known tag")

    monkeypatch.setitem(sys.modules, "open_clip", Library())
    with pytest.raises(InputError, match="--clip-model ViT-B-32:gone: Pretrained value 'gone' is not a known tag"):
        assessor("clip:a scary tulip", clip="ViT-B-32:gone")
