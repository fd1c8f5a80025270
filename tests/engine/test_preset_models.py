"""A show says which model it plays and how; another model on the command line sets aside what it does not have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShowError
from engine.generator import model_file
from engine.generator.biggan_spec import BigGANSpec
from engine.generator.spec import Spec
from engine.preset import Options, Show, check_routes, load_show, same_generator, unconverted
from engine.stage.effects import output_controls
from tests.engine.generator.small_models import BIGGAN, stylegan2

ROUTE = '[[route]]\nfrom = "/tempo/beat"\nto = "{to}"\n'


def weights(spec: Spec, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: np.asarray(random.standard_normal(shape), np.float32) for name, shape in spec.shapes().items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small models: two StyleGAN2 of 32 x 32 and a BigGAN with three classes."""
    folder = tmp_path_factory.mktemp("models")
    specs = {"a": stylegan2("skip"), "b": stylegan2("skip"), "big": BigGANSpec.of_json(BIGGAN)}
    for seed, (name, spec) in enumerate(specs.items()):
        model_file.write(folder / f"{name}.safetensors", spec, weights(spec, seed), model_file.About(name))
    return folder


def show(folder: Path, text: str, options: Options | None = None) -> Show:
    path = folder / "show.toml"
    path.write_text(text, "utf-8")
    found = load_show(path, options)
    check_routes(found)
    return found


def addresses(found: Show) -> set[str]:
    return {control.address for control in found.layout.controls}


def test_a_model_lies_beside_the_show_or_where_one_stands(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = show(models, '[generator]\nmodel = "a.safetensors"\n')
    assert beside.model == str((models / "a.safetensors").resolve()) and beside.model_name == "a.safetensors"
    monkeypatch.chdir(models)
    here = show(tmp_path, '[generator]\nmodel = "a.safetensors"\n')
    assert same_generator(here, beside) and here.model_name == beside.model
    assert show(tmp_path, "", Options(model="a.safetensors")).model == beside.model
    monkeypatch.setenv("HOME", str(models))
    assert show(tmp_path, '[generator]\nmodel = "~/a.safetensors"\n').model == beside.model
    with pytest.raises(ShowError, match=r"show.toml:2: gone.pkl: no such model file"):
        show(tmp_path, '[generator]\nmodel = "gone.pkl"\n')


def test_a_second_model_gives_the_blend_its_controls(models: Path) -> None:
    one = show(models, '[generator]\nmodel = "a.safetensors"\n')
    two = show(models, '[generator]\nmodel = "a.safetensors"\nsecond = "b.safetensors"\n')
    assert {a for a in addresses(two) - addresses(one)} == {
        "/generator/blend", "/generator/blend_coarse", "/generator/blend_middle", "/generator/blend_fine",
    }  # fmt: skip
    assert not same_generator(one, two)
    with pytest.raises(ShowError, match="not of one architecture"):
        show(models, '[generator]\nmodel = "a.safetensors"\nsecond = "big.safetensors"\n')
    with pytest.raises(ShowError, match="cannot be blended"):
        show(models, '[generator]\nmodel = "silk"\nsecond = "b.safetensors"\n')


def test_classes_get_a_weight_each_and_the_first_rests_at_one(models: Path) -> None:
    found = show(models, '[generator]\nmodel = "big.safetensors"\nclasses = [2, 0]\n')
    rests = {c.address: c.default for c in found.layout.levels if "/class/" in c.address}
    assert rests == {"/generator/class/2": 1.0, "/generator/class/0": 0.0}
    every = show(models, '[generator]\nmodel = "big.safetensors"\n')
    assert [a for a in sorted(addresses(every)) if "/class/" in a] == [f"/generator/class/{n}" for n in range(3)]
    assert not same_generator(found, every)
    with pytest.raises(ShowError, match="classes 0 to 2"):
        show(models, '[generator]\nmodel = "big.safetensors"\nclasses = [3]\n')


@pytest.mark.parametrize(
    ("stage", "more", "drawn"),
    [
        ("[1920, 1080]", "", (32, 32)),  # the size it learned
        ("[3840, 1080]", 'size = "fill"', (112, 32)),  # 32:9, in whole steps of eight
        ("[1080, 1920]", 'size = "fill"', (32, 56)),
        ("[800, 800]", 'size = "fill"', (32, 32)),
        ("[800, 800]", "size = [64, 48]", (64, 48)),
    ],
)
def test_a_model_draws_at_its_own_size_or_fills_the_stage(
    stage: str, more: str, drawn: tuple[int, int], models: Path
) -> None:
    found = show(models, f'[generator]\nmodel = "a.safetensors"\n{more}\n[stage]\nsize = {stage}\n')
    assert found.drawn_size == drawn


def test_voices_side_by_side_fill_their_part_of_the_stage(models: Path) -> None:
    text = '[generator]\nmodel = "a.safetensors"\nsize = "fill"\n[stage]\nsize = [3840, 1080]\n' + "[[voice]]\n" * 2
    assert show(models, text).drawn_size == (56, 32)
    assert show(models, text.replace("1080]", '1080]\nlayout = "layers"')).drawn_size == (112, 32)


def test_a_model_that_has_one_size_is_not_asked_for_another(models: Path) -> None:
    text = '[generator]\nmodel = "big.safetensors"\nsize = {size}\n[stage]\nsize = [640, 360]\n'
    assert show(models, text.format(size='"fill"')).drawn_size == (32, 32)
    with pytest.raises(ShowError, match=r"show.toml:3: big draws 32x32 and no other size"):
        show(models, text.format(size="[64, 64]"))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('fit = "stretch"', "generator.fit"),
        ('backend = "magic"', "generator.backend"),
        ("cutoff = -1", "generator.cutoff"),
        ("cutoff = 99", "the model has 8 layers"),
        ("crossfade_s = -1", "generator.crossfade_s"),
        ('size = "full"', "generator.size"),
        ("classes = [0]", "no classes"),
    ],
)
def test_keys_that_cannot_be_are_said_with_their_place(key: str, said: str, models: Path) -> None:
    with pytest.raises(ShowError) as caught:
        show(models, f'[generator]\nmodel = "a.safetensors"\n{key}\n')
    assert said in str(caught.value) and "show.toml:" in str(caught.value)


def test_how_a_model_is_opened_decides_whether_a_generator_can_go_on(models: Path) -> None:
    plain = show(models, '[generator]\nmodel = "a.safetensors"\n')
    for key in ('fit = "tile"', "cutoff = 2", 'backend = "eager"', "size = [64, 32]"):
        assert not same_generator(plain, show(models, f'[generator]\nmodel = "a.safetensors"\n{key}\n'))
    assert same_generator(plain, show(models, '[generator]\nmodel = "a.safetensors"\npsi = 0.5\ncrossfade_s = 3\n'))


def test_a_stepped_clock_pins_one_backend(models: Path) -> None:
    found = show(models, '[generator]\nmodel = "a.safetensors"\nbackend = "openvino"\n')
    assert (found.how.live, found.how.backend) == (True, "openvino")
    assert (found.pinned.how.live, found.pinned.how.backend) == (False, "eager")
    asked = replace(found, options=Options(backend="frozen"))
    assert (asked.pinned.how.live, asked.pinned.how.backend) == (False, "frozen")


def test_another_model_sets_aside_what_it_does_not_have(models: Path) -> None:
    text = (
        "".join(ROUTE.format(to=to) for to in ("/direction/bloom", "/accent/light", "/latent/next", "/generator/psi"))
        + '[[route]]\nfrom = "/direction/bloom"\nto = "/output/gain"\n[controls]\n"/direction/hue" = 1.5\n'
    )
    assert not show(models, text).told
    found = show(models, text, Options(model=str(models / "a.safetensors")))
    assert [route.to for route in found.routes] == ["/latent/next", "/generator/psi"]
    assert found.told == (f"{models.name}: 4 routes to what a does not have are set aside: bloom, light, hue",)


def test_a_show_s_own_mistake_stays_one_with_another_model(models: Path) -> None:
    other = Options(model=str(models / "a.safetensors"))
    for to in ("/direction/strypes", "/output/gian"):
        with pytest.raises(ShowError, match=f'no control "{to}"'):
            show(models, ROUTE.format(to=to), other)
    with pytest.raises(ShowError, match='no control "/direction/bloom"'):
        show(models, '[generator]\nmodel = "a.safetensors"\n' + ROUTE.format(to="/direction/bloom"))


def test_a_show_whose_own_model_is_gone_plays_with_another(models: Path) -> None:
    text = '[generator]\nmodel = "gone.pkl"\nsecond = "too.pkl"\nclasses = [900]\n' + ROUTE.format(
        to="/direction/smile"
    )
    found = show(models, text, Options(model=str(models / "a.safetensors")))
    assert "1 route to what a does not have is set aside: smile" in found.told[0]


def test_checkpoints_that_must_be_converted_first_are_known_beforehand(models: Path) -> None:
    path = models / "show.toml"
    path.write_text('[generator]\nmodel = "a.safetensors"\nsecond = "b.safetensors"\n', "utf-8")
    assert unconverted(path) == []
    (models / "x.pkl").write_bytes(b"never converted")
    assert unconverted(path, Options(model=str(models / "x.pkl"))) == [(models / "x.pkl").resolve()]
    assert unconverted(path, text='[generator]\nmodel = "x.pkl"\n') == [(models / "x.pkl").resolve()]
    assert unconverted(path, text='[generator]\nmodel = "gone.pkl"\n') == []  # reading the show says it


def test_the_fade_is_no_control_of_the_output() -> None:
    assert {c.address for c in output_controls()} == {
        f"/output/{name}" for name in ("blackout", "gain", "fit", "sharp", "freeze", "blend", "layout")
    }
