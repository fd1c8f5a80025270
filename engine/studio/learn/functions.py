"""Assessors of one's own: a function in a Python file, or in the script of a show."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import EngineError, InputError, printable
from engine.studio.learn.assessors import Assessor


def function_of(file: str, name: str) -> Assessor:
    """The function of this name in FILE.py, or in the script that the show's show.toml names.

    It takes pictures, (n, 3, h, w) float32 sRGB in 0..1 as a torch tensor, and gives n numbers; with gradients, when
    it computes with them in torch. Where its first parameter is annotated as a numpy array (`pictures: np.ndarray`)
    it takes that, (n, h, w, 3), and has none. The file is a program that its author trusts, and runs as one.
    InputError for a file that is not there or does not run, and for a name that is no function in it.
    """
    found = named_function(file, name)
    if wants_numpy(found):
        return Assessor(name, _on_numpy(found), gradient=False)
    return Assessor(name, found)


def named_function(file: str, name: str) -> Callable[..., Any]:
    """The function of this name in FILE.py, or in a show's script. InputError as `function_of` has it."""
    path = _file(file)
    module = _run(path)
    found: Any = getattr(module, name, None)
    if not callable(found):
        own = {key: value for key, value in vars(module).items() if callable(value)}
        have = [key for key, value in own.items() if getattr(value, "__module__", "") == module.__name__]
        close = get_close_matches(name, have, 1)
        hint = f'; did you mean "{close[0]}"?' if close else f"; there are: {', '.join(have) or 'none'}"
        raise InputError(f'{path}: no function "{name}"{hint}')
    function: Callable[..., Any] = found
    return function


def _file(text: str) -> Path:
    if text.endswith(".py"):
        path = Path(text)
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        return path
    from engine.preset.find import find_show, inside, parse, read_text

    show = find_show(text)
    script = parse(read_text(show), show).get("script")
    if not isinstance(script, str):
        raise InputError(f'{show}: names no script; put script = "script.py" into it, or give FILE.py:FUNCTION')
    return inside(show, script, str(show))


def _run(path: Path) -> ModuleType:
    """The module; what a show's script registers when it is loaded stays asleep."""
    from engine.script import asleep

    name = f"latenz_{sha256(str(path.absolute()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses of the file look for what their annotations name
    try:
        with asleep(path):
            spec.loader.exec_module(module)
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(f"{path}{line}: {type(error).__name__}: {printable(str(error))[:400]}") from error
    return module


def wants_numpy(function: Callable[..., Any]) -> bool:
    """Whether its first parameter is annotated as an array of numpy."""
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    said = "" if first is None or first.annotation is inspect.Parameter.empty else str(first.annotation)
    return "ndarray" in said.lower()


def _on_numpy(function: Callable[[Any], Any]) -> Callable[[Tensor], Tensor]:
    def of(pictures: Tensor) -> Tensor:
        seen = pictures.detach().clamp(0.0, 1.0).permute(0, 2, 3, 1).cpu().numpy()
        return torch.from_numpy(np.array(function(np.ascontiguousarray(seen)), np.float32)).to(pictures.device)

    return of
