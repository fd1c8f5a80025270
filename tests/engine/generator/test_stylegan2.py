"""StyleGAN2's pictures are the reference's, in every architecture, at its own size; and fill any other size."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ModelError
from engine.generator.biggan_spec import BigGANSpec
from engine.generator.spec import Canvas
from engine.generator.stylegan2 import StyleGAN2, SynthesisLayer
from engine.generator.stylegan2_spec import StyleGAN2Spec
from tests.engine.generator.golden import assert_near
from tests.engine.generator.small_models import BIGGAN
from tests.engine.generator.style_golden import Case, case
from tests.engine.generator.stylegan2_oracle import Oracle

CASES = ["sg2_64_uncond", "sg2_64_cond3_clamp", "sg2_32_sg3repo_modern"]
TOLERANCE = 1e-4  # of the standard deviation: the golden set's own
HALF_TOLERANCE = 1.5e-2
EXACT = 1e-5  # of a network in single precision against one in double precision
WAYS = pytest.mark.parametrize("batched", [False, True], ids=["weights", "activations"])


pytestmark = pytest.mark.usefixtures("no_gradients")


def opened(name: str, batched: bool = False, half: bool = False) -> tuple[Case, StyleGAN2]:
    model = case(name)
    tensors = {key: torch.from_numpy(array) for key, array in model.tensors.items()}
    canvas = Canvas(model.spec.width, model.spec.height)
    return model, StyleGAN2(model.spec, tensors, canvas, batched=batched, half=half).eval()


def drawn(net: StyleGAN2, w: NDArray[Any], noise: float = 1.0) -> NDArray[np.float32]:
    """Pictures of all rows: at once where the network takes many, else one after another."""
    rows = torch.from_numpy(np.asarray(w, np.float32))
    parts = [rows] if net.batched else [rows[i : i + 1] for i in range(len(rows))]
    pictures = [net(part, torch.tensor(noise)) for part in parts]
    return torch.cat(pictures).numpy()


def features_of(net: StyleGAN2, w: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """What each module gives for one w; a block's running image as b8_img."""
    found: dict[str, Tensor] = {}
    hooks = []

    def keep(name: str) -> Any:
        def hook(_: object, __: object, out: Any) -> None:
            if isinstance(out, tuple):
                if out[1] is not None:
                    found[f"{name}_img"] = out[1].clone()
            else:
                found[name] = out.clone()

        return hook

    for name, module in net.named_modules():
        if name:
            hooks.append(module.register_forward_hook(keep(name)))
    drawn(net, w)
    for handle in hooks:
        handle.remove()
    return {name: tensor.float().numpy() for name, tensor in found.items()}


def pictures_of(model: Case) -> Iterator[tuple[str, NDArray[Any], float]]:
    """The name of each of the reference's pictures, its w, and whether with noise."""
    for key in model.arrays:
        if key.startswith("img_"):
            _, noise, which = key.split("_", 2)
            w = model.arrays["wplus" if which == "wplus" else f"w_{which}"]
            yield key, w, 1.0 if noise == "const" else 0.0


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_pictures_are_the_references(name: str, batched: bool) -> None:
    model, net = opened(name, batched)
    seen = 0
    for key, w, noise in pictures_of(model):
        assert_near(drawn(net, w, noise), model.arrays[key], TOLERANCE, key)
        seen += 1
    assert seen >= 5


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_features_are_the_references_by_their_names(name: str, batched: bool) -> None:
    model, net = opened(name, batched)
    mine = features_of(net, model.arrays["w_psi1"][:1])
    features = [key for key in model.arrays if key.startswith("feat_")]
    assert len(features) >= 15
    for key in features:
        reference = model.arrays[key]
        assert_near(mine[key.removeprefix("feat_")][:, : reference.shape[1]], reference, TOLERANCE, key)


@pytest.mark.parametrize("name", CASES)
def test_bytes_are_the_references(name: str) -> None:
    model, net = opened(name)
    levels = np.clip(drawn(net, model.arrays["w_psi1"]) * 127.5 + 128, 0, 255).astype(np.uint8)
    apart = np.abs(levels.transpose(0, 2, 3, 1).astype(int) - model.arrays["u8_const_psi1"])
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-3


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_the_checkpoints_half_layers_draw_the_same_in_half_precision(name: str, batched: bool) -> None:
    model, net = opened(name, batched, half=True)
    assert net.get_submodule("b32.conv1.conv").weight.dtype == torch.float16
    assert net.get_submodule("b4.conv1.conv").weight.dtype == torch.float32
    reference = model.arrays["img_const_psi1"]
    mine = drawn(net, model.arrays["w_psi1"])
    assert mine.dtype == np.float32
    assert_near(mine, reference, HALF_TOLERANCE)
    bytes_ = [np.clip(image * 127.5 + 128, 0, 255).astype(np.uint8).astype(int) for image in (mine, reference)]
    assert np.abs(bytes_[0] - bytes_[1]).max() <= 2


SMALL = StyleGAN2Spec(z_dim=5, w_dim=6, channels=(7, 6, 5), mapping=(6,))


def weights_of(spec: StyleGAN2Spec, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Random tensors; filters are not symmetric, so that one turned around is noticed."""
    random = np.random.RandomState(seed)
    found = {name: np.asarray(random.randn(*shape), np.float32) for name, shape in spec.shapes().items()}
    for name in found:
        if name.endswith("resample_filter"):
            taps = random.rand(*found[name].shape)
            found[name] = (taps / taps.sum()).astype(np.float32)
        if name.endswith((".bias", "strength")):
            found[name] *= np.float32(0.2)
    return found


def built(
    spec: StyleGAN2Spec, weights: Mapping[str, NDArray[np.float32]], canvas: Canvas | None = None, **more: bool
) -> StyleGAN2:
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    return StyleGAN2(spec, tensors, canvas or Canvas(spec.width, spec.height), **more).eval()


def w_of(spec: StyleGAN2Spec, voices: int = 1) -> NDArray[np.float32]:
    return np.random.RandomState(7).randn(voices, spec.num_ws, spec.w_dim).astype(np.float32)


SHAPES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "clamped": {"clamp": 0.7},
    "oblong constant": {"const_width": 6, "const_height": 3},
    "three taps": {"filter_taps": 3},
    "two taps": {"filter_taps": 2},
    "filters not in the file": {"filter_taps": 0},
    "grey": {"img_channels": 1},
    "four channels": {"img_channels": 4},
}


@WAYS
@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_architecture_follows_its_formulas(architecture: Any, shape: str, batched: bool) -> None:
    spec = replace(SMALL, architecture=architecture, **SHAPES[shape])
    weights, w = weights_of(spec), w_of(spec)
    net, oracle = built(spec, weights, batched=batched), Oracle(spec, weights)
    assert_near(drawn(net, w, 0.7)[0], oracle.image(w[0], 0.7), EXACT, "picture")
    oracle.image(w[0])
    mine = features_of(net, w)
    for name, feature in oracle.features.items():
        assert_near(mine[name][0], feature, EXACT, name)
    if spec.clamp is not None:
        assert max(np.abs(mine[f"b{r}.conv1"]).max() for r in spec.resolutions) == pytest.approx(spec.clamp)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_voices_drawn_together_are_those_drawn_alone(architecture: Any) -> None:
    spec = replace(SMALL, architecture=architecture)
    weights, w = weights_of(spec), w_of(spec, 3)
    together, alone = drawn(built(spec, weights, batched=True), w), drawn(built(spec, weights), w)
    assert_near(together, alone, EXACT)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_half_precision_agrees_in_every_architecture(architecture: Any) -> None:
    spec = replace(SMALL, architecture=architecture, num_fp16_res=2, clamp=256.0)
    weights, w = weights_of(spec), w_of(spec, 2)
    assert_near(drawn(built(spec, weights, batched=True, half=True), w), drawn(built(spec, weights), w), HALF_TOLERANCE)


def test_noise_is_played_by_its_amount() -> None:
    weights, w = weights_of(SMALL), w_of(SMALL)
    net = built(SMALL, weights)
    none, own, twice = (drawn(net, w, amount) for amount in (0.0, 1.0, 2.0))
    assert not np.allclose(none, own) and not np.allclose(own, twice)
    doubled = {n: np.asarray(a * 2) if n.endswith("noise_strength") else a for n, a in weights.items()}
    assert_near(twice, drawn(built(SMALL, doubled), w), EXACT)


def test_a_model_without_noise_has_no_slot_for_it() -> None:
    spec = replace(SMALL, use_noise=False)
    net = built(spec, weights_of(spec))
    assert [slot.name for slot in net.slots] == ["w"] and spec.inputs({}) == {} and spec.controls() == ()
    assert net(torch.from_numpy(w_of(spec))).shape == (1, 3, 16, 16)
    net.set_noise(3)


def test_another_draw_of_noise_is_seeded_and_can_be_given_back() -> None:
    net, w = built(SMALL, weights_of(SMALL)), w_of(SMALL)
    own = drawn(net, w)
    net.set_noise(5)
    fresh = drawn(net, w)
    assert not np.allclose(own, fresh)
    net.set_noise(6)
    assert not np.allclose(fresh, drawn(net, w))
    net.set_noise(5)
    np.testing.assert_array_equal(drawn(net, w), fresh)
    net.set_noise(None)
    np.testing.assert_array_equal(drawn(net, w), own)


def test_drawn_noise_has_the_strength_of_the_models_own() -> None:
    weights = weights_of(replace(SMALL, channels=(4,) * 6))
    net = built(replace(SMALL, channels=(4,) * 6), weights)
    net.set_noise(1)
    layer = net.get_submodule("b128.conv1")
    assert isinstance(layer, SynthesisLayer)
    strength = abs(float(weights["synthesis.b128.conv1.noise_strength"])) * 2**0.5
    assert float(layer.noise.std()) == pytest.approx(strength, rel=0.05)


@pytest.mark.parametrize("fit", ["resize", "tile", "crop"])
@pytest.mark.parametrize(("width", "height"), [(57, 16), (16, 9), (1, 1), (40, 33), (16, 17)])
def test_any_size_is_filled(width: int, height: int, fit: Any) -> None:
    net = built(SMALL, weights_of(SMALL), Canvas(width, height, fit))
    image = drawn(net, w_of(SMALL))
    assert image.shape == (1, 3, height, width) and np.isfinite(image).all()
    assert image.shape[-1] < 8 or image.std(axis=-1).min() > 0  # no empty bars


@pytest.mark.parametrize("fit", ["resize", "tile", "crop"])
def test_its_own_size_is_bit_for_bit_the_same_however_it_fits(fit: Any) -> None:
    weights, w = weights_of(SMALL), w_of(SMALL)
    np.testing.assert_array_equal(drawn(built(SMALL, weights, Canvas(16, 16, fit)), w), drawn(built(SMALL, weights), w))


def test_a_tiled_picture_repeats_itself_away_from_its_edges() -> None:
    image = drawn(built(SMALL, weights_of(SMALL), Canvas(16 * 9, 16, "tile")), w_of(SMALL))[0]
    assert_near(image[..., 64:80], image[..., 48:64], EXACT)
    assert not np.allclose(image[..., 64:80], image[..., 72:88])


def test_less_than_the_next_whole_size_is_its_middle() -> None:
    weights, w = weights_of(SMALL), w_of(SMALL)
    whole = drawn(built(SMALL, weights, Canvas(32, 20)), w)
    np.testing.assert_array_equal(drawn(built(SMALL, weights, Canvas(29, 18)), w), whole[:, :, 1:19, 1:30])


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@WAYS
def test_a_traced_network_draws_the_same(batched: bool) -> None:
    net, w = built(SMALL, weights_of(SMALL), batched=batched), torch.from_numpy(w_of(SMALL))
    traced = torch.jit.trace(net, (w, torch.tensor(1.0)), check_trace=False)  # type: ignore[no-untyped-call]
    traced = torch.jit.freeze(traced)
    torch.testing.assert_close(traced(w * 2, torch.tensor(0.3)), net(w * 2, torch.tensor(0.3)), rtol=1e-5, atol=1e-5)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ModelError, match="a picture of 0x16 has no pixels"):
        built(SMALL, weights_of(SMALL), Canvas(0, 16))
    with pytest.raises(ModelError, match="a biggan model cannot be drawn as a StyleGAN2"):
        StyleGAN2(BigGANSpec.of_json(BIGGAN), {}, Canvas(32, 32))
