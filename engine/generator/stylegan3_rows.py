"""A StyleGAN3's sizes out of plain rows that a stranger wrote: a pickle's attributes or a file's header."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from engine.errors import ModelError
from engine.generator.facts import given, listed, only, real, shown, whole
from engine.generator.stylegan3_design import Fourier, Layer, Size

SCALES = {"lr_multiplier": (1e-9, 1e3), "output_scale": (-1e6, 1e6)}  # what these may be
_SIDE, _WIDEST, _LAYERS, _RATE, _TAPS = 16384, 16384, 128, 65536.0, 64


def plain(value: Any) -> Any:
    """Numpy's numbers and arrays as Python's, through mappings; anything else as it is."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def fourier_of(row: Mapping[str, Any]) -> Fourier:
    """The first grid. ModelError says which number is missing or wrong."""
    try:
        return Fourier(
            channels=whole(row, "channels", 1, _WIDEST),
            size=_size(row, "size"),
            sampling_rate=real(row, "sampling_rate", 1e-3, _RATE),
            bandwidth=real(row, "bandwidth", 0.0, _RATE),
        )
    except ModelError as error:
        raise ModelError(f"input: {error}") from None


def layer_of(row: Mapping[str, Any]) -> Layer:
    """One layer; what a row says beside is not looked at. ModelError says which number is missing or wrong."""
    name = given(row, "name")
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 64:
        raise ModelError(f"a layer is called {shown(name)}; allowed are names like L0_36_512")
    try:
        layer = Layer(name=name, **{key: read(row, key) for key, read in _FIELDS.items()})
        if "padding" in row and tuple(row["padding"]) != layer.padding:
            raise ModelError(f"padding is {shown(row['padding'])}; its sizes and filters need {list(layer.padding)}")
        return layer
    except (ModelError, TypeError) as error:
        raise ModelError(f"{name}: {error}") from None


def sizes_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of a specification from a header. ModelError says which number is missing or wrong."""
    row = _lists(row)
    layers = listed(row, "layers", 1, _LAYERS)
    for layer in layers:
        only(_mapping("layers", layer), ("name", *_FIELDS))
    only(_mapping("fourier", given(row, "fourier")), tuple(f.name for f in fields(Fourier)))
    mapping = {str(i): wide for i, wide in enumerate(listed(row, "mapping", 1, 64))}
    return {
        "z_dim": whole(row, "z_dim", 1, _WIDEST),
        "w_dim": whole(row, "w_dim", 1, _WIDEST),
        "mapping": tuple(whole(mapping, i, 1, _WIDEST) for i in mapping),
        "fourier": fourier_of(row["fourier"]),
        "layers": tuple(layer_of(layer) for layer in layers),
        "classes": whole(row, "classes", 0, 100_000),
        "embed_features": whole(row, "embed_features", 0, _WIDEST),
        "class_average": _flag(row, "class_average"),
        **{key: real(row, key, *bounds) for key, bounds in SCALES.items()},
    }


def _mapping(name: str, row: Any) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise ModelError(f"{name} holds {shown(row)}; allowed is a table of names and numbers")
    return row


def _size(row: Mapping[str, Any], name: str) -> Size:
    sides = {name: side for name, side in zip(("width", "height"), listed(_lists(row), name, 2, 2), strict=True)}
    return whole(sides, "width", 1, _SIDE), whole(sides, "height", 1, _SIDE)


def _lists(row: Mapping[str, Any]) -> dict[str, Any]:
    """Tuples as the lists that they are in JSON."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = given(row, name)
    if not isinstance(value, bool):
        raise ModelError(f"{name} is {shown(value)}; allowed is true or false")
    return value


def _clamp(row: Mapping[str, Any], name: str) -> float | None:
    return None if given(row, name) is None else real(row, name, 1e-6, 1e9)


def _whole(low: int, high: int) -> Callable[[Mapping[str, Any], str], int]:
    return lambda row, name: whole(row, name, low, high)


def _real(low: float, high: float) -> Callable[[Mapping[str, Any], str], float]:
    return lambda row, name: real(row, name, low, high)


_FIELDS: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    "in_channels": _whole(1, _WIDEST),
    "out_channels": _whole(1, _WIDEST),
    "conv_kernel": _whole(1, 15),
    "in_size": _size,
    "out_size": _size,
    "in_sampling_rate": _real(1e-3, _RATE),
    "out_sampling_rate": _real(1e-3, _RATE),
    "in_cutoff": _real(0.0, _RATE),
    "out_cutoff": _real(0.0, _RATE),
    "in_half_width": _real(0.0, _RATE),
    "out_half_width": _real(0.0, _RATE),
    "up_factor": _whole(1, 64),
    "down_factor": _whole(1, 64),
    "up_taps": _whole(1, _TAPS),
    "down_taps": _whole(1, _TAPS),
    "down_radial": _flag,
    "is_torgb": _flag,
    "is_critically_sampled": _flag,
    "use_fp16": _flag,
    "conv_clamp": _clamp,
}
