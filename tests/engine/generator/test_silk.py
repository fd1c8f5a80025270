"""Laws of the generator without weights."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import DeviceError, ModelError
from engine.generator.catalog import model_directions, model_info, open_model
from engine.generator.silk.generator import INFO, Silk
from engine.generator.silk.latent import BASIS, NAMES

SIZE = 128
Draw = Callable[[NDArray[np.float64]], NDArray[np.uint8]]


def gaussian(seed: int) -> NDArray[np.float64]:
    return np.random.RandomState(seed).standard_normal(INFO.z_dim)


def prepared(garden: int = 0, threads: int = 1, voices: int = 1, width: int = SIZE, height: int = SIZE) -> Silk:
    silk = Silk(garden, threads)
    silk.prepare(voices, width, height)
    return silk


def picture(silk: Silk, z: NDArray[np.float64], psi: float = 1.0) -> NDArray[np.uint8]:
    """(height, width, 3) of one latent shared by all bands."""
    return silk.draw(silk.map(z[None, None], psi), {})[0, ..., :3].copy()


@pytest.fixture(scope="module")
def draw() -> Draw:
    silk = prepared()
    return lambda z: picture(silk, z)


def test_importing_the_catalogue_loads_neither_torch_nor_numba() -> None:
    code = (
        "import sys; from engine.generator.catalog import model_directions, model_info, open_model; "
        "model_info('silk'); model_directions('silk'); open_model('silk'); "
        "sys.exit(bool({'torch', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_drawing_on_the_processor_never_loads_torch() -> None:
    code = (
        "import sys; from engine.generator.catalog import open_model; g = open_model('silk', 'auto', 1); "
        "g.prepare(1, 64, 64); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_the_basis_is_orthonormal() -> None:
    np.testing.assert_allclose(BASIS @ BASIS.T, np.eye(INFO.z_dim), atol=1e-12)


def test_directions_fit_the_model_and_are_one_sigma_long() -> None:
    bank = model_directions("silk:3").check(model_info("silk:3"))
    assert bank.names == NAMES
    for direction in bank:
        assert direction.space == "z" and direction.sigma == 1.0
        assert np.linalg.norm(direction.vector) == pytest.approx(1.0)


def test_each_direction_moves_the_picture_through_its_own_layer_alone() -> None:
    silk = prepared()
    for direction in model_directions("silk"):
        layers = list(direction.layers or ())
        w = silk.map(gaussian(3)[None, None], 1.0)
        still = silk.draw(w, {}).astype(int)
        push = (4 * direction.vector).astype(np.float32)
        w[:, layers] += push
        moved = silk.draw(w, {}).astype(int)
        assert np.abs(moved - still).mean() > 1.0, direction.name
        w[:, [i for i in range(INFO.num_ws) if i not in layers]] += push
        assert np.abs(silk.draw(w, {}).astype(int) - moved).mean() < 0.05, direction.name  # the basis in float32


def test_map_gives_each_band_its_own_layers_and_psi_pulls_to_the_average() -> None:
    silk = Silk()
    z = np.stack([[gaussian(1), gaussian(2), gaussian(3)]])
    w = silk.map(z, 0.5)
    assert w.shape == (1, INFO.num_ws, INFO.w_dim) and w.dtype == np.float32
    for i, band in enumerate(INFO.bands):
        for layer in range(band.first, band.last):
            np.testing.assert_array_equal(w[0, layer], (0.5 * z[0, i]).astype(np.float32))
    assert not silk.map(z, 0.0).any()


def test_two_threads_draw_the_same_bits_as_one_and_as_a_second_run() -> None:
    one, two = prepared(threads=1), prepared(threads=2)
    z = gaussian(5)
    first = picture(one, z)
    picture(one, gaussian(6))
    assert np.array_equal(first, picture(one, z))
    assert np.array_equal(first, picture(two, z))


def test_voices_do_not_touch_each_other() -> None:
    both = prepared(voices=2)
    w = both.map(np.stack([[gaussian(1)], [gaussian(2)]]), 1.0)
    images = both.draw(w, {})
    alone = prepared()
    assert np.array_equal(images[0, ..., :3], picture(alone, gaussian(1)))
    assert np.array_equal(images[1, ..., :3], picture(alone, gaussian(2)))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 17), (640, 40), (50, 301), (349, 200)])
def test_any_size_and_shape_is_drawn_opaque_and_without_gaps(width: int, height: int) -> None:
    silk = prepared(width=width, height=height)
    silk._image[:] = 0
    image = silk.draw(silk.map(gaussian(4)[None, None], 1.0), {})
    assert image.shape == (1, height, width, 4) and image.dtype == np.uint8
    assert (image[..., 3] == 255).all()
    if min(width, height) > 16:
        assert image[0, -1, :, :3].any() and image[0, :, -1, :3].any()


def test_a_larger_picture_is_the_same_picture() -> None:
    z = gaussian(9)
    small, large = picture(prepared(), z), picture(prepared(width=512, height=512), z)
    shrunk = large.reshape(SIZE, 4, SIZE, 4, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 8


@pytest.mark.parametrize("size", [(0, 64), (64, 0), (17, 1)])
def test_a_size_that_cannot_be_drawn_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ModelError, match="cannot draw"):
        Silk().prepare(1, *size)


def test_no_threads_are_refused() -> None:
    with pytest.raises(ModelError, match="1 or more"):
        open_model("silk", "cpu", 0)


def test_gardens_differ_and_each_is_always_the_same() -> None:
    z = gaussian(2)
    assert np.array_equal(picture(prepared(1), z), picture(prepared(1), z))
    assert np.abs(picture(prepared(1), z).astype(int) - picture(prepared(2), z)).mean() > 10


def test_gardens_next_to_each_other_look_unlike() -> None:
    """By their mean colour, over a few latents: pale, dark, grey and glowing ones."""
    means = []
    for garden in range(8):
        silk = prepared(garden)
        means.append(np.mean([picture(silk, gaussian(seed))[..., :3].reshape(-1, 3).mean(0) for seed in range(4)], 0))
    apart = np.abs(np.array(means)[:, None] - np.array(means)[None]).max(2)
    assert apart[np.triu_indices(8, 1)].min() > 15
    assert np.ptp(np.mean(means, 1)) > 35


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ModelError, match="did you mean 'silk'"):
        model_info("slik")


@pytest.mark.parametrize("name", ["silk:", "silk:-1", "silk:x", "silk:²", "silk:" + "9" * 40])
def test_a_garden_that_is_no_number_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="garden"):
        model_info(name)


def steps(z_step: float, count: int) -> Iterator[NDArray[np.float64]]:
    """A walk at constant speed along great circles of the sphere of latents, turning every 40 steps."""
    random = np.random.RandomState(8)
    radius = INFO.z_dim**0.5
    here = gaussian(8) * radius / np.linalg.norm(gaussian(8))
    ahead = here
    angle = z_step / radius
    for i in range(count):
        if i % 40 == 0:
            ahead = random.standard_normal(INFO.z_dim)
            ahead -= here * (here @ ahead) / radius**2
            ahead *= radius / np.linalg.norm(ahead)
        here, ahead = np.cos(angle) * here + np.sin(angle) * ahead, np.cos(angle) * ahead - np.sin(angle) * here
        yield here


@pytest.mark.parametrize("z_step", [0.02, 0.1, 0.4])
def test_a_steady_walk_does_not_flicker(draw: Draw, z_step: float) -> None:
    images = [draw(z).astype(int) for z in steps(z_step, 160)]
    change = np.array([np.abs(b - a).mean() for a, b in zip(images, images[1:], strict=False)])
    assert np.percentile(change, 99) <= 3 * np.median(change)
    brightness = np.array([image.mean() for image in images])
    assert np.abs(np.diff(brightness)).max() <= 4 * np.median(change)


def test_a_small_step_makes_a_small_change_in_proportion(draw: Draw) -> None:
    step = gaussian(77) / np.linalg.norm(gaussian(77))
    for seed in range(4):
        z = gaussian(seed)
        still = draw(z).astype(int)
        tiny, small = (np.abs(draw(z + size * step) - still).mean() for size in (1e-3, 1e-1))
        assert tiny < 0.2 and small < 12


def test_a_far_latent_is_still_a_picture(draw: Draw) -> None:
    for name in NAMES:
        for amount in (-4.0, 4.0):
            z = gaussian(11)
            d = BASIS[NAMES.index(name)]
            image = draw(z - d * (d @ z) + amount * d)
            assert 15 < image.mean() < 220 and image.std() > 15, (name, amount)
    assert draw(1e6 * gaussian(1)).std() > 5


def saturation(image: NDArray[np.uint8]) -> float:
    return float((image.max(-1).astype(int) - image.min(-1)).mean())


def mean(image: NDArray[np.uint8]) -> float:
    return float(image.mean())


def spread(image: NDArray[np.uint8]) -> float:
    return float(image.std())


def detail(image: NDArray[np.uint8]) -> float:
    return float(np.abs(np.diff(image.astype(int), axis=1)).mean())


@pytest.mark.parametrize(
    ("name", "measure"),
    [("light", mean), ("sheen", mean), ("chroma", saturation), ("contrast", spread), ("stripes", detail)],
)
def test_a_direction_does_what_it_is_called(draw: Draw, name: str, measure: Any) -> None:
    d = BASIS[NAMES.index(name)]
    for seed in (1, 2, 3):
        z = gaussian(seed)
        z -= d * (d @ z)
        low, mid, high = (measure(draw(z + amount * d)) for amount in (-3.0, 0.0, 3.0))
        assert low < high and low <= mid * 1.02 <= high * 1.05


@pytest.mark.parametrize(("width", "height"), [(SIZE, SIZE), (200, 90)])
def test_torch_draws_what_the_kernels_draw(width: int, height: int) -> None:
    from engine.generator.silk.twin import SilkTorch

    for garden in (0, 3):
        silk, oracle = prepared(garden, width=width, height=height), SilkTorch(garden, "cpu")
        oracle.prepare(1, width, height)
        assert oracle.backend == "torch cpu"
        for seed in range(3):
            error = np.abs(picture(silk, gaussian(seed)).astype(int) - picture(oracle, gaussian(seed)))
            assert error.mean() <= 0.1 and np.percentile(error, 99.9) <= 2


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="there is: cpu"):
        open_model("silk", "tpu")


def test_the_frame_runs_on_fake_cuda_tensors_without_mixing_devices() -> None:
    import torch

    from engine.generator.silk.garden import split
    from engine.generator.silk.twin import SilkTorch
    from engine.generator.silk.twin import picture as frame
    from tests.fake_cuda import fake_cuda, on_device, run_strictly

    silk = SilkTorch(0, "cpu")
    silk.prepare(1, 96, 64)
    with fake_cuda(), torch.no_grad():
        flat, constants = on_device(silk._flat), [on_device(constant) for constant in silk._constants]
        image = run_strictly(lambda: frame(split(flat), constants, silk._pixel))
    assert image.shape == (64, 96, 4) and image.dtype == torch.uint8 and image.device.type == "cuda"
