"""Edits by name, and edits of one's own: a function image -> image in a Python file."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import InputError, printable
from engine.studio.learn.edits import Apply, Edit, edit_of
from engine.studio.learn.functions import named_function

RANGE = (-1.0, 1.0)  # of an edit of one's own, where nothing is said
REST = 2 / 255  # what an edit may change where nothing is asked
REST_PX = 64  # of the picture that is looked at there


def edits_of(asked: Sequence[str], reach: tuple[float, float] | None = None) -> list[Edit]:
    """The edits called so, or those of FILE.py:FUNCTION. InputError for what there is not.

    reach : the range of each, in place of its own
    """
    return [_ranged(user_edit(text) if ".py:" in text else edit_of(text), reach) for text in asked]


def user_edit(text: str) -> Edit:
    """The edit FILE.py:FUNCTION. The file is a program that whoever names it trusts: it is run.

    The function takes a picture, (h, w, 3) float32 numpy of sRGB in 0..1, and alpha, a number; it gives a picture of
    the same shape, and at an alpha of 0 the same. Where its first parameter is annotated as a torch.Tensor it takes
    pictures (n, 3, h, w) and alpha (n,), and gives pictures, or pictures and a mask (n, 1, h, w).
    """
    file, _, name = text.rpartition(":")
    function = named_function(file, name)
    apply = _on_tensors(text, function) if _wants_tensor(function) else _on_arrays(text, function)
    source = Path(file).read_text("utf-8", "replace") if file.endswith(".py") else ""
    edit = Edit(name, RANGE, "of its alpha", apply, text, reach=1.0, source=source)
    _check_rest(edit)
    return edit


def _check_rest(edit: Edit) -> None:
    """InputError for an edit that changes pictures where nothing is asked: no walk begins there."""
    picture = torch.linspace(0.0, 1.0, 3 * REST_PX * REST_PX).reshape(1, 3, REST_PX, REST_PX)
    edited, mask = edit.apply(picture, torch.zeros(1))
    far = float(((edited - picture).abs() * mask).max())
    if far > REST:
        raise InputError(f"{edit.about}: at an alpha of 0 it changes the picture by {far:.2f}; give that back as it is")


def _ranged(edit: Edit, reach: tuple[float, float] | None) -> Edit:
    if reach is None:
        return edit
    low, high = reach
    if not (np.isfinite(reach).all() and low <= 0.0 <= high and low < high):
        raise InputError(f"--range {low:g},{high:g}: give the lower end up to 0, the upper one from 0, not both 0")
    if edit.range[0] == 0.0 and low < 0.0:
        raise InputError(f"--range {low:g},{high:g}: {edit.name} goes one way; give 0,{high:g}")
    return replace(edit, range=reach)


def _wants_tensor(function: Callable[..., Any]) -> bool:
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    return first is not None and first.annotation is not inspect.Parameter.empty and "Tensor" in str(first.annotation)


def _on_tensors(text: str, function: Callable[..., Any]) -> Apply:
    def apply(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        found = _called(text, function, pictures, alpha)
        whole = found, torch.ones_like(pictures[:, :1])
        edited, mask = found if isinstance(found, tuple) and len(found) == 2 else whole
        for given, like, what in ((edited, pictures, "pictures"), (mask, pictures[:, :1], "a mask")):
            if not isinstance(given, Tensor) or given.shape != like.shape:
                raise InputError(f"{text}: it gave {_shape(given)}; {what} of {tuple(like.shape)} are wanted")
        return _checked(text, edited.to(pictures)), mask.to(pictures)

    return apply


def _on_arrays(text: str, function: Callable[..., Any]) -> Apply:
    def apply(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        seen = pictures.detach().clamp(0.0, 1.0).permute(0, 2, 3, 1).cpu().numpy()
        found = []
        for picture, amount in zip(seen, alpha.tolist(), strict=True):
            edited = _called(text, function, np.array(picture), amount)
            if not isinstance(edited, np.ndarray) or edited.shape != picture.shape:
                raise InputError(f"{text}: it gave {_shape(edited)}; an array of {picture.shape} is wanted")
            found.append(torch.from_numpy(np.ascontiguousarray(edited, np.float32)))
        edited_all = torch.stack(found).permute(0, 3, 1, 2).to(pictures).contiguous()
        return _checked(text, edited_all), torch.ones_like(pictures[:, :1])

    return apply


def _called(text: str, function: Callable[..., Any], *given: Any) -> Any:
    try:
        return function(*given)
    except Exception as error:  # whatever a stranger's function raises is the caller's to mend
        raise InputError(f"{text}: {type(error).__name__}: {printable(str(error))[:400]}") from error


def _checked(text: str, edited: Tensor) -> Tensor:
    if not bool(torch.isfinite(edited).all()):
        raise InputError(f"{text}: it gave numbers that are not finite; give pictures of 0..1")
    return edited.clamp(0.0, 1.0)


def _shape(given: Any) -> str:
    shape = getattr(given, "shape", None)
    return f"a {type(given).__name__}" + ("" if shape is None else f" of {tuple(shape)}")
