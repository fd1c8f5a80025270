"""A garden of silk: the seeded constants of one family of pictures, and how a latent becomes the numbers that draw.

A garden is a seed. It fixes the weights of the coordinate network, its palette, its mood and the normalisation of its
fields.
The normalisation is measured once over many latents, never per picture: neighbouring frames cannot flicker from it.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.generator.silk.arrays import trunk
from engine.generator.silk.latent import BASIS, LAYERS, NAMES, Z_DIM, layer_of
from engine.generator.silk.mood import mood_of

WIDTH = 16  # channels of the network
DEPTH = 4  # modulated layers
INPUTS = 7  # x, y and five features of the flower
OUTPUTS = 6  # relief, threads, filaments, colour, lightness, shimmer
PARAMETERS = 44
_LIMIT_SIGMA = 5.0  # amounts saturate smoothly towards this
_REST = {"place": (16, 24), "form": (24, 48), "weave": (48, 72), "folds": (72, 96), "threads": (96, 108)}
_REST["colour"] = (108, Z_DIM)
_CALIBRATION = 40  # latents the normalisation is measured over

Array = NDArray[np.float32]


_SHAPES: tuple[tuple[int, ...], ...] = (
    (WIDTH, INPUTS),
    (WIDTH,),
    (DEPTH, WIDTH, WIDTH),  # layer, to, from
    (DEPTH, WIDTH),
    (OUTPUTS, WIDTH),
    (OUTPUTS,),
    (PARAMETERS,),
)


class Style:
    """What one picture is drawn from, in place: the network with its modulation folded in, and scalars.

    flat : everything in one array, so that one copy takes it to a GPU; `arrays` are views of it.
    """

    def __init__(self) -> None:
        self.flat: Array = np.zeros(sum(math.prod(shape) for shape in _SHAPES), np.float32)
        self.arrays: tuple[Array, ...] = split(self.flat)
        self.first, self.first_bias, self.weights, self.biases, self.out, self.out_bias, self.scalars = self.arrays


def split(flat: Any) -> tuple[Any, ...]:
    """A style's arrays in the order the kernels take them, as views of its flat array or tensor."""
    views, start = [], 0
    for shape in _SHAPES:
        size = math.prod(shape)
        views.append(flat[start : start + size].reshape(shape))
        start += size
    return tuple(views)


class Garden:
    """The constants of one seed, and `style`, which fills a `Style` from w."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.RandomState([1637, seed])
        normal = random.standard_normal
        scale = np.array([0.95, 0.95, 0.72, 0.8, 0.6, 0.6, 0.4])
        self.hue_rad = _hue_rad(seed)
        self._mood = mood_of(seed)
        self._first = normal((INPUTS, WIDTH)).T * scale
        self._first_bias = normal(WIDTH) * 2
        self._weights = normal((DEPTH, WIDTH, WIDTH)) * (1.55 / math.sqrt(WIDTH))
        self._gains = normal((DEPTH, WIDTH, 24)) * (0.4 / math.sqrt(24))
        self._shifts = normal((DEPTH, WIDTH, 24)) * (0.65 / math.sqrt(24))
        self._out = normal((OUTPUTS, WIDTH)) / math.sqrt(WIDTH)
        self._warp = normal((8, 24)) / math.sqrt(24)
        self._feature_gain = normal((WIDTH, 24)) / math.sqrt(24)
        self._mean = np.zeros(OUTPUTS)
        self._std = np.ones(OUTPUTS)
        self._calibrate()

    def style(self, w: Array, style: Style) -> None:
        """Fill `style` for w (num_ws, w_dim)."""
        mixed = w.astype(np.float64) @ BASIS.T
        amounts = {
            name: _LIMIT_SIGMA * math.tanh(mixed[layer_of(name), i] / _LIMIT_SIGMA) for i, name in enumerate(NAMES)
        }
        rest = {name: 1.5 * np.tanh(0.6 * mixed[i, slice(*_REST[name])]) for i, name in enumerate(LAYERS)}
        style.first[:] = self._first * (1 + 0.25 * np.tanh(self._feature_gain @ rest["weave"]))[:, None]
        style.first_bias[:] = self._first_bias
        for layer in range(DEPTH):
            source = rest["weave"] if layer < DEPTH // 2 else rest["folds"]
            style.weights[layer] = self._weights[layer] * (1 + self._gains[layer] @ source)
            style.biases[layer] = self._shifts[layer] @ source
        style.out[:] = self._out / self._std[:, None]
        style.out_bias[:] = -self._mean / self._std
        style.scalars[:] = self._scalars(amounts, rest)

    def _scalars(self, a: dict[str, float], rest: dict[str, NDArray[np.float64]]) -> tuple[float, ...]:
        """The scalars in the order in which `silk_arrays` and `silk_kernels` unpack them."""
        return (*self._placement(a, rest["place"], rest["form"]), *self._surface(a, rest["threads"], rest["colour"]))

    def _placement(
        self, a: dict[str, float], place: NDArray[np.float64], form: NDArray[np.float64]
    ) -> tuple[float, ...]:
        """22 scalars of the trunk: where the picture stands, how it is warped, what flower it holds."""
        mood = self._mood
        zoom = 1.12 * mood.scale * math.exp(-0.15 * a["scale"] + 0.08 * place[4])
        turn = 0.25 * a["turn"] + 0.25 * place[5]
        cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
        dx, dy = 0.2 * a["drift_x"], 0.2 * a["drift_y"]
        off_x = -(cos * dx - sin * dy) - 0.22 * place[0]
        off_y = -(sin * dx + cos * dy) - 0.22 * place[1]
        twist = 1.6 * (0.4 * a["twist"] + 0.25 * place[3])
        warp = 0.32 * mood.warp * math.exp(0.25 * a["warp"])
        phases = 0.95 * (self._warp @ form) + np.array([0.0, 1.0, 2.0, 3.0, 0.0, 2.0, 4.0, 6.0])
        flower = _sigmoid(0.9 * (a["symmetry"] + mood.petals) + 0.35 * a["bloom"] + 0.2)
        bloom = 0.4 * a["bloom"]
        petals = np.exp(3.0 * form[:4])
        petals /= petals.sum()
        size = (flower, math.exp(-2 * bloom), bloom)
        return (cos, sin, off_x, off_y, twist, warp, *phases, *size, 0.8 * form[4], *petals)

    def _surface(
        self, a: dict[str, float], threads: NDArray[np.float64], colour: NDArray[np.float64]
    ) -> tuple[float, ...]:
        """22 scalars of the head: relief, light, stripes, threads and palette."""
        mood = self._mood
        azimuth = 2.2 + 0.8 * threads[0]
        light_x, light_y = 0.66 * math.cos(azimuth), -0.66 * math.sin(azimuth)
        half = math.sqrt(light_x**2 + light_y**2 + 1.75**2)  # halfway between the light (z 0.75) and the eye
        striped = _sigmoid(0.85 * (a["stripes"] + mood.striped) - 0.6)
        count = 1.6 + 0.4 * threads[2]
        return (
            0.45 * mood.relief * math.exp(0.26 * a["relief"]),
            light_x,
            light_y,
            light_x / half,
            light_y / half,
            1.75 / half,
            8.4 * math.exp(0.13 * a["stripes"]),
            striped,
            1.2 + 3.5 * striped,
            0.55 * striped * (1.6 + 0.9 * colour[2]),
            0.65 * mood.filaments * math.exp(0.42 * a["filaments"]),
            0.9 * (a["filaments"] + mood.threads) - 1.6,
            count,
            0.3 * count * threads[3],
            1.1 * mood.sheen * math.exp(0.32 * a["sheen"]),
            _off_green_rad(self.hue_rad + 0.62 * a["hue"] + 0.45 * colour[0]),
            mood.spread * (0.85 + 0.3 * colour[1]),
            0.6 * colour[5],
            mood.light + 0.09 * a["light"] + 0.04 * a["relief"],
            0.168 * mood.chroma * math.exp((0.11 if a["chroma"] > 0 else 0.22) * a["chroma"]),
            mood.contrast * math.exp(0.13 * a["contrast"]),
            2.2 * mood.iris * (0.9 + 0.4 * colour[3]),
        )

    def _calibrate(self) -> None:
        """Measure mean and deviation of the raw fields over many latents, then fold them into the last layer."""
        random = np.random.RandomState(5)
        line = np.linspace(-1, 1, 16)
        style = Style()
        raw = []
        for _ in range(_CALIBRATION):
            z = np.broadcast_to(random.standard_normal(Z_DIM), (len(LAYERS), Z_DIM))
            self.style(z.astype(np.float32), style)
            raw.append(trunk(np, style.arrays, line, line, raw=True))
        fields = np.concatenate(raw, 1)
        self._mean, self._std = fields.mean(1), fields.std(1)


def _hue_rad(seed: int) -> float:
    """A garden's base hue, from teal through blue, violet and rose to orange. Golden steps: neighbours differ most."""
    return 2.9 + 4.7 * ((0.447 + 0.618034 * seed) % 1)


def _off_green_rad(hue_rad: float) -> float:
    """The hue pushed away from 2.15, where dark colours turn muddy; smooth, so that a hue can still travel through."""
    off = hue_rad - 2.15
    return hue_rad + 0.9 * math.sin(off) * (0.5 + 0.5 * math.cos(off))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))
