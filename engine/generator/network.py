"""Any checkpoint as a generator: its mapping in numpy, its synthesis on whatever plan draws it fastest."""

from collections.abc import Callable, Mapping, Sequence
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
from engine.generator.mixture import Mixture, carried, mapped, mixture_of, reader, rebuilt
from engine.generator.plan import Deferred, Plan, Source
from engine.generator.spec import Canvas, Spec, family, load
from engine.generator.tulip.dress import dress_name, dressed

if TYPE_CHECKING:
    from engine.generator.synthesis import Synthesis

CLASSES = 16  # whose weights can be played when a show names none


def network_info(path: Path, second: Path | None, how: How, snapshots: Sequence[Path] = ()) -> ModelInfo:
    """What a model file is, with the controls that this way of opening it gives. ModelError when it cannot be."""
    path = convert.playable(path)
    return _info(path, mixture_of(path, second, snapshots), how)


def _info(path: Path, mixture: Mixture, how: How) -> ModelInfo:
    info = model_file.info(path)
    spec = model_file.read_header(path).spec
    controls = [*spec.controls(), *_class_controls(spec, how.classes), *mixture.controls(spec)]
    if how.cutoff is not None and not 0 <= how.cutoff <= spec.num_ws:
        raise ModelError(f"{info.name}: cutoff {how.cutoff}; the model has {spec.num_ws} layers")
    if how.upstream_exact:
        _upstream(spec)
    if how.dress:
        info = replace(info, name=f"{info.name}:{dress_name(spec, how.dress)}")
    extra = {**info.extra, "controls": model_file.control_rows(controls)}
    if mixture.age:
        extra["snapshots"] = mixture.hashes
    elif len(mixture.paths) > 1:
        info = replace(info, hash=mixture.key, name=f"{info.name} + {model_file.info(mixture.paths[1]).name}")
    return replace(info, extra=extra)


def source_of(*models: str) -> Source:
    """What plans of this model, of this pair, or of these snapshots in order are made from: alike in every process."""
    paths = [Path(model) for model in models if model]
    read = [model_file.read_header(path) for path in paths]
    mixture = Mixture(tuple(paths), tuple(header.hash for header in read), age=len(paths) > 2)
    return _source(read[0].spec, mixture, reader(mixture))


def _source(spec: Spec, mixture: Mixture, tensors: Callable[[int], Tensors], noise: int | None = None) -> Source:
    parts, count = family(spec.family), len(mixture.paths)

    def build(canvas: Canvas, *, batched: bool = False, half: bool = False, part: str = parts.synthesis) -> "Synthesis":
        make = load(part)

        def one(number: int, batched: bool = False) -> "Synthesis":
            net: Synthesis = make(spec, _torch(tensors(number)), canvas, batched=batched, half=half)
            if noise is not None:
                net.set_noise(noise)
            return net

        net = one(0, batched and count == 1)
        if count > 1:
            from engine.generator.blend import Blended

            net = Blended(net, map(one, range(1, count)), count, channels_last=not batched)
        return net.eval().requires_grad_(False)

    def inputs(voices: int) -> dict[str, NDArray[np.float32]]:
        latent: Latent = load(parts.latent)(spec, tensors(0))
        z = np.random.RandomState(0).randn(voices, spec.z_dim)
        fixed = {"w": latent.w(z), **spec.inputs({})}
        if count > 1:
            fixed["blend"] = np.full(spec.num_ws, 0.5, np.float32)
        return fixed

    key = mixture.key
    if noise is not None:
        key = f"{key}~{noise}"
    words = rebuilt(mixture, spec) if noise is None else ()  # another process knows no other noise
    deferred = None
    if parts.maps:
        maps = Source(f"{key} maps", partial(build, part=parts.maps), inputs, spec.gflop, words)
        side: int = spec.maps_side  # type: ignore[attr-defined]
        deferred = Deferred(maps, Canvas(side, side), partial(load(parts.finisher), spec))
    if dress := getattr(spec, "dress", 0):
        key = f"{key}~{dress}"
    return Source(key, build, inputs, spec.gflop, words, deferred)


class Network(Generator):
    """A model file on a device."""

    def __init__(
        self, path: Path, device: str, threads: int, how: How, second: Path | None = None,
        snapshots: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        if threads < 1:
            raise ModelError(f"{path.name} cannot be drawn with {threads} threads: give 1 or more")
        path = convert.playable(path)
        self._mixture = mixture_of(path, second, snapshots)
        self.info = _info(path, self._mixture, how)
        self._wanted, self._threads, self._how = device, threads, how
        self._spec = model_file.read_header(path).spec
        if how.upstream_exact:
            self._spec = _upstream(self._spec)
        self._spec = dressed(self._spec, how.dress)
        tensors = reader(self._mixture)
        self._source = _source(self._spec, self._mixture, tensors, how.noise_seed if how.noise == "random" else None)
        make = load(family(self._spec.family).latent)
        self._latents: list[Latent] = [make(self._spec, tensors(i)) for i in range(len(self._mixture.paths))]
        self._controls = tuple(Control(**row) for row in self.info.extra["controls"])
        names = (c.address.removeprefix("/generator/") for c in self._controls)
        self._maps = tuple(name for name in names if name.startswith(("class/", "blend", "age")))
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
        weights = self._class_weights(controls)
        return self._mapped(z, psi, None if weights is None else weights[None], controls)

    def map_with(
        self, z: NDArray[np.float64], psi: float, controls: Mapping[str, float], rest: Mapping[str, float],
        classes: NDArray[np.float64],
    ) -> NDArray[np.float32]:  # fmt: skip
        played = self._class_weights(controls)
        if played is None:
            return self.map(z, psi, controls)
        moved = np.zeros(len(played))
        for number in self._classes:
            name = f"class/{number}"
            moved[number] = controls.get(name, 0.0) - rest.get(name, 0.0)
        return self._mapped(z, psi, carried(classes, played, moved), controls)

    def _mapped(
        self, z: NDArray[np.float64], psi: float, weights: NDArray[np.float64] | None, controls: Mapping[str, float]
    ) -> NDArray[np.float32]:
        """z (voices, bands, z_dim) with class weights (voices or 1, classes) -> w (voices, num_ws, w_dim)."""
        voices, bands, z_dim = z.shape
        if weights is not None:
            weights = np.repeat(np.broadcast_to(weights, (voices, weights.shape[1])), bands, 0)
        flat = z.reshape(-1, z_dim)
        rows = mapped(self._latents, self._places(controls), flat, psi, weights, self._how.cutoff)
        banded = rows.reshape(voices, bands, *rows.shape[1:])
        w = np.empty((voices, *rows.shape[1:]), np.float32)
        for i, layers in enumerate(self._bands):
            w[:, layers] = banded[:, min(i, bands - 1), layers]
        return w

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
            inputs["blend"] = self._places(controls)
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
        return self._latents[self._mixture.own].w(z, psi, classes, self._how.cutoff)

    def truncated(
        self, w: NDArray[np.float32], psi: float, classes: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        return self._latents[self._mixture.own].truncated(w, psi, classes, self._how.cutoff)

    def _places(self, controls: Mapping[str, float]) -> NDArray[np.float32]:
        return self._mixture.places(controls, self.info.bands, self._spec.num_ws)


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


def _upstream(spec: Spec) -> Spec:
    if not hasattr(spec, "upstream_exact"):
        raise ModelError(f"--upstream-exact is for BigGAN; this is {spec.family}")
    exact: Spec = replace(spec, upstream_exact=True)  # type: ignore[type-var]
    return exact


def _torch(tensors: Tensors) -> Mapping[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(array)) for name, array in tensors.items() if "latent." not in name}
