"""Assessors from a file: a TorchScript network, with gradients, or an ONNX network, without."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import InputError, printable
from engine.studio.learn.assessors import Assessor, Input, picked, prepared

EXPORT = "export it with torch.jit.trace(network, example).save(FILE), or as ONNX"


def script(path: Path, given: Input, device: torch.device) -> Assessor:
    """A TorchScript file's network as an assessor. See `loaded_script` for what is refused."""
    network = loaded_script(path, device)

    def of(pictures: Tensor) -> Tensor:
        found = network(prepared(pictures, given, given.size))
        return picked(_first(found, path), given)

    return Assessor(path.name, of)


def loaded_script(path: Path, device: torch.device) -> Any:
    """A TorchScript file's network, ready to look at pictures.

    Such a file is a program in a small language of its own, which PyTorch compiles and runs without Python: none of
    its pickled tables can name a Python class or run one. It can still use up memory and open files by PyTorch's own
    operators, so only those from people one trusts should be loaded. A file of `torch.save` is a pickle of Python
    objects; that is refused before anything reads it. InputError for both, and for a damaged file.
    """
    _check_script(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PyTorch announces a follower that cannot yet replace it
        try:
            load: Any = torch.jit.load
            network = load(str(path), map_location=device)
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{path}: no TorchScript that this PyTorch can load ({_first_line(error)})") from None
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def onnx(path: Path, given: Input) -> Assessor:
    """An ONNX file's network as an assessor, run by OpenVINO on the processor; it gives no gradient.

    An ONNX file is data: a graph of known operators. InputError for one that cannot be read or wants no picture, and
    where OpenVINO is not installed.
    """
    _check_there(path)
    try:
        import openvino
    except ImportError:
        raise InputError(f"{path}: ONNX files run on OpenVINO: pip install openvino; or give a TorchScript") from None
    core = openvino.Core()
    try:
        model = core.read_model(str(path))
        size, one = _fitted(model, path, given.size)
        compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": torch.get_num_threads()})
    except RuntimeError as error:
        raise InputError(f"{path}: no ONNX network that OpenVINO can run ({_first_line(error)})") from None

    def of(pictures: Tensor) -> Tensor:
        seen = prepared(pictures.detach().float().cpu(), given, size).numpy()
        batches = np.split(seen, len(seen)) if one else [seen]
        found = [np.asarray(compiled(np.ascontiguousarray(batch))[0], np.float32) for batch in batches]
        flat = [part.reshape(1, -1) for part in found] if one else found
        return picked(torch.from_numpy(np.concatenate(flat)), given).to(pictures.device)

    return Assessor(path.name, of, gradient=False)


def _fitted(model: Any, path: Path, asked: int | None) -> tuple[int | None, bool]:
    """Give a network its free sizes: the side of its input, and whether it takes one picture at a time."""
    if len(model.inputs) != 1:
        raise InputError(f"{path}: it has {len(model.inputs)} inputs; an assessor has one, pictures N x 3 x H x W")
    shape = model.input(0).get_partial_shape()
    if shape.rank.is_static and len(shape) != 4 or shape[1].is_static and shape[1].get_length() != 3:
        raise InputError(f"{path}: its input is {shape}; an assessor's is pictures, N x 3 x H x W")
    sides = {shape[i].get_length() for i in (2, 3) if shape[i].is_static}
    if len(sides) > 1:
        raise InputError(f"{path}: its input is {shape}; latenz gives squares")
    own = next(iter(sides), None)
    if asked is not None and own is not None and asked != own:
        raise InputError(f"{path}: its input is {own} x {own}, --assessor-size says {asked}; leave that out")
    one = bool(shape[0].is_static)
    if one and shape[0].get_length() != 1:
        raise InputError(f"{path}: it takes {shape[0].get_length()} pictures at a time; export it for 1 or any number")
    return own or asked, one


def _check_script(path: Path) -> None:
    _check_there(path)
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            pickled = file.read(1) == b"\x80"
        what = "a pickle of Python objects, which latenz does not run" if pickled else "no TorchScript"
        raise InputError(f"{path} is {what}; {EXPORT}")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if not any("/code/" in name for name in names):
        if any(name.endswith("data.pkl") for name in names):
            raise InputError(f"{path} is a pickle of Python objects (torch.save), which latenz does not run; {EXPORT}")
        raise InputError(f"{path} is a zip archive, but no TorchScript; {EXPORT}")


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such file")


def _first(found: Any, path: Path) -> Tensor:
    if isinstance(found, tuple | list) and found:
        found = found[0]
    if not isinstance(found, Tensor):
        raise InputError(f"{path}: it gives a {type(found).__name__}; an assessor gives a tensor, N or N x K")
    return found


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[0])[:200] if lines else type(error).__name__
