"""Any checkpoint as a generator: its mapping in numpy, its synthesis on whatever plan draws it fastest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator import convert, model_file
from engine.generator.base import Generator, ModelInfo
from engine.generator.catalog import How
from engine.generator.latent import Latent, Tensors
from engine.generator.plan import Deferred, Plan, Source
from engine.generator.spec import Canvas, Spec, family, load
from engine.generator.tulip.dress import dress_name, dressed

if TYPE_CHECKING:
    from engine.generator.synthesis import Synthesis

CLASSES = 16  # whose weights can be played when a show names none


def network_info(path: Path, second: Path | None, how: How) -> ModelInfo:
    """What a model file is, with the controls that this way of opening it gives. ModelError when it cannot be."""
    path = convert.playable(path)
    info = model_file.info(path)
    spec = model_file.read_header(path).spec
    controls = [*spec.controls(), *_class_controls(spec, how.classes)]
    if how.cutoff is not None and not 0 <= how.cutoff <= spec.num_ws:
        raise ModelError(f"{info.name}: cutoff {how.cutoff}; the model has {spec.num_ws} layers")
    if how.upstream_exact:
        _upstream(spec)
    if how.dress:
        info = replace(info, name=f"{info.name}:{dress_name(spec, how.dress)}")
    if second is not None:
        second = convert.playable(second)
        other = model_file.info(second)
        _check_pair(info.name, spec, other.name, model_file.read_header(second).spec)
        controls.extend(_blend_controls(spec))
        info = replace(info, hash=_of_pair(info.hash, other.hash), name=f"{info.name} + {other.name}")
    return replace(info, extra={**info.extra, "controls": model_file.control_rows(controls)})


def source_of(model: str, second: str = "") -> Source:
    """What plans of this model, or of this pair, are made from: the same in every process."""
    path = Path(model)
    spec, tensors = model_file.read_tensors(path)
    key, other = model_file.read_header(path).hash, None
    if second:
        key = _of_pair(key, model_file.read_header(Path(second)).hash)
        other = model_file.read_tensors(Path(second))[1]
    return _source(spec, tensors, other, key, (model, second))


def _of_pair(first: str, second: str) -> str:
    """What a pair is known by, from the hashes of its models."""
    return f"{first}+{second}"


def _source(
    spec: Spec, tensors: Tensors, other: Tensors | None, key: str, rebuild: tuple[str, ...], noise: int | None = None
) -> Source:
    parts = family(spec.family)

    def build(canvas: Canvas, *, batched: bool = False, half: bool = False, part: str = parts.synthesis) -> "Synthesis":
        make = load(part)
        net: Synthesis = make(spec, _torch(tensors), canvas, batched=batched and other is None, half=half)
        if noise is not None:
            net.set_noise(noise)
        if other is not None:
            from engine.generator.blend import Blended

            net = Blended(net, make(spec, _torch(other), canvas, half=half))
        return net.eval().requires_grad_(False)

    def inputs(voices: int) -> dict[str, NDArray[np.float32]]:
        latent: Latent = load(parts.latent)(spec, tensors)
        z = np.random.RandomState(0).randn(voices, spec.z_dim)
        fixed = {"w": latent.w(z), **spec.inputs({})}
        if other is not None:
            fixed["blend"] = np.full(spec.num_ws, 0.5, np.float32)
        return fixed

    if noise is not None:
        key = f"{key}~{noise}"
    deferred = None
    if parts.maps:
        maps = Source(f"{key} maps", partial(build, part=parts.maps), inputs, spec.gflop, rebuild)
        side: int = spec.maps_side  # type: ignore[attr-defined]
        deferred = Deferred(maps, Canvas(side, side), partial(load(parts.finisher), spec))
    if dress := getattr(spec, "dress", 0):
        key = f"{key}~{dress}"
    return Source(key, build, inputs, spec.gflop, rebuild, deferred)


class Network(Generator):
    """A model file on a device."""

    def __init__(self, path: Path, device: str, threads: int, how: How, second: Path | None = None) -> None:
        if threads < 1:
            raise ModelError(f"{path.name} cannot be drawn with {threads} threads: give 1 or more")
        self.info = network_info(path, second, how)
        path = convert.playable(path)
        self._wanted, self._threads, self._how = device, threads, how
        self._spec, tensors = model_file.read_tensors(path)
        if how.upstream_exact:
            self._spec = _upstream(self._spec)
        self._spec = dressed(self._spec, how.dress)
        second = None if second is None else convert.playable(second)
        other = None if second is None else model_file.read_tensors(second)[1]
        noise = how.noise_seed if how.noise == "random" else None
        words = (str(path), str(second or "")) if noise is None else ()  # another process knows no other noise
        self._source = _source(self._spec, tensors, other, self.info.hash, words, noise)
        make = load(family(self._spec.family).latent)
        self._latents: list[Latent] = [make(self._spec, t) for t in (tensors, other) if t is not None]
        self._controls = tuple(Control(**row) for row in self.info.extra["controls"])
        names = (c.address.removeprefix("/generator/") for c in self._controls)
        self._maps = tuple(name for name in names if name.startswith(("class/", "blend")))
        self._classes = [int(c.address.rpartition("/")[2]) for c in self._controls if "/class/" in c.address]
        self._bands = [slice(b.first, b.last) for b in self.info.bands]
        self._plan: Plan | None = None
        self._image = np.zeros((0, 0, 0, 4), np.uint8)

    @property
    def scales_z(self) -> bool:
        """Whether `map` makes z shorter with psi, as BigGAN's sampling does."""
        return self._spec.family == "biggan"

    def prepare(self, voices: int, width: int, height: int) -> None:
        from engine.generator.runtime import open_plan

        self.close()
        canvas = Canvas(width, height, self._how.fit)
        how = self._how
        self._plan = open_plan(self._source, voices, canvas, self._wanted, self._threads, how.backend, how.live)
        self._image = np.zeros((voices, height, width, 4), np.uint8)

    def map(
        self, z: NDArray[np.float64], psi: float, controls: Mapping[str, float] = MappingProxyType({})
    ) -> NDArray[np.float32]:
        voices, bands, z_dim = z.shape
        rows = self._mapped(z.reshape(-1, z_dim), psi, self._class_weights(controls), self._blend(controls))
        banded = rows.reshape(voices, bands, *rows.shape[1:])
        w = np.empty((voices, *rows.shape[1:]), np.float32)
        for i, layers in enumerate(self._bands):
            w[:, layers] = banded[:, min(i, bands - 1), layers]
        return w

    def _mapped(
        self, z: NDArray[np.float64], psi: float, classes: NDArray[np.float64] | None, blend: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """z (n, z_dim) -> w (n, num_ws, w_dim), of both models of a pair in the blend of each layer."""
        weights = None if classes is None else np.broadcast_to(classes, (len(z), len(classes)))
        first = self._latents[0].w(z, psi, weights, self._how.cutoff)
        if len(self._latents) == 1:
            return first
        return first + blend[:, None] * (self._latents[1].w(z, psi, weights, self._how.cutoff) - first)

    def draw(
        self, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        image = self._image if out is None else out
        self._ready.draw(self._inputs(w, controls), image)
        return image

    @property
    def separable(self) -> bool:
        return self._plan is not None and self._plan.separable

    def draw_voice(
        self, voice: int, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8]
    ) -> None:
        self._ready.draw_voice(self._inputs(w, controls), voice, out)

    def image(self, w: NDArray[np.float32], controls: Mapping[str, float]) -> NDArray[np.float32]:
        return self._ready.image(self._inputs(w, controls))

    def controls(self) -> tuple[Control, ...]:
        return self._controls

    @property
    def maps(self) -> tuple[str, ...]:
        return self._maps

    def share(self, ring: Sequence[NDArray[np.uint8]], offer: Path) -> None:
        self._ready.share(ring, offer)

    @property
    def backend(self) -> str:
        return "not ready" if self._plan is None else self._plan.backend

    @property
    def device(self) -> str:
        """Where it draws."""
        return self._wanted if self._plan is None else self._plan.device

    def notes(self) -> dict[str, object]:
        return {} if self._plan is None else self._plan.notes()

    def close(self) -> None:
        if self._plan is not None:
            self._plan.close()
            self._plan = None

    @property
    def _ready(self) -> Plan:
        if self._plan is None:
            raise ModelError(f"{self.info.name} is not prepared; call prepare(voices, width, height) first")
        return self._plan

    def _inputs(self, w: NDArray[np.float32], controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        if self._how.noise == "none":
            controls = {**controls, "noise": 0.0}
        inputs = {"w": w, **self._spec.inputs(controls)}
        if len(self._latents) > 1:
            inputs["blend"] = self._blend(controls)
        return inputs

    def _class_weights(self, controls: Mapping[str, float]) -> NDArray[np.float64] | None:
        """(classes,), summing to 1; where no class has weight, the first that can be played has it all."""
        if not self._spec.classes:
            return None
        weights = np.zeros(self._spec.classes)
        for i, number in enumerate(self._classes):
            weights[number] = max(0.0, controls.get(f"class/{number}", float(i == 0)))
        total = weights.sum()
        if total <= 0.0:
            weights[self._classes[0]] = total = 1.0
        return np.asarray(weights / total)

    def map_classes(
        self, z: NDArray[np.float64], psi: float, classes: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """z (n, z_dim), class weights (n, classes) as they are given -> w (n, num_ws, w_dim): for stills."""
        return self._latents[0].w(z, psi, classes, self._how.cutoff)

    def truncated(
        self, w: NDArray[np.float32], psi: float, classes: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        return self._latents[0].truncated(w, psi, classes, self._how.cutoff)

    def _blend(self, controls: Mapping[str, float]) -> NDArray[np.float32]:
        """How much of the second model each layer is: the common amount and the band's own added, within 0..1."""
        amounts = np.zeros(self._spec.num_ws, np.float32)
        if len(self._latents) > 1:
            common = controls.get("blend", 0.0)
            for band in self.info.bands:
                amounts[band.first : band.last] = common + controls.get(f"blend_{band.name}", 0.0)
        return amounts.clip(0.0, 1.0)


def _class_controls(spec: Spec, classes: Sequence[int]) -> list[Control]:
    if not spec.classes:
        if classes:
            raise ModelError(f"classes {list(classes)}: this model has no classes; leave them out")
        return []
    for number in classes:
        if not 0 <= number < spec.classes:
            raise ModelError(f"class {number}: the model has classes 0 to {spec.classes - 1}")
    numbers = list(dict.fromkeys(classes)) or list(range(min(CLASSES, spec.classes)))
    return [
        Control(f"/generator/class/{n}", float(i == 0), 0.0, 1.0, about=f"weight of class {n} in the mixture")
        for i, n in enumerate(numbers)
    ]


def _blend_controls(spec: Spec) -> list[Control]:
    own = [
        Control(f"/generator/blend_{band.name}", 0.0, -1.0, 1.0, about=f"more of the second model in {band.name}")
        for band in spec.bands()
    ]
    return [Control("/generator/blend", 0.0, 0.0, 1.0, about="0 the first model, 1 the second"), *own]


def _check_pair(name: str, spec: Spec, second: str, other: Spec) -> None:
    """ModelError unless both models have tensors of the same names and shapes."""
    mine, theirs = spec.shapes(), other.shapes()
    if spec.family != other.family or mine != theirs:
        names = [n for n in mine if theirs.get(n) != mine[n]] or [n for n in theirs if n not in mine]
        at = f": {names[0]} is {mine.get(names[0])} and {theirs.get(names[0])}" if names else ""
        raise ModelError(f"{name} and {second} are not of one architecture and cannot blend{at}")


def _upstream(spec: Spec) -> Spec:
    if not hasattr(spec, "upstream_exact"):
        raise ModelError(f"--upstream-exact is for BigGAN; this is {spec.family}")
    exact: Spec = replace(spec, upstream_exact=True)  # type: ignore[type-var]
    return exact


def _torch(tensors: Tensors) -> Mapping[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(array)) for name, array in tensors.items() if "latent." not in name}
