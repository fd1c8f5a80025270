"""Thousands of places in chunks: the moments of w, or what an assessor says; by one process, many, or a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.catalog import find_model, model_info
from engine.studio.farm.work import Chunk, Workers
from engine.studio.learn.moments import Moments
from engine.studio.learn.space import features, seed_of
from engine.studio.learn.strips import as_bytes
from engine.studio.learn.subject import Subject

Rows = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Shared:
    """Who learns together, and where their chunks lie until all are done."""

    workers: Workers
    folder: Path


def shared(out: Path, workers: Workers | None) -> Shared | None:
    """For work that ends in `out`; None where this process works alone."""
    if workers is None or workers == Workers():
        return None
    return Shared(workers, out.absolute().with_name(f"{out.name}.chunks"))


def asked_of(
    model: str, side: int, threads: int, device: str = "cpu", classes: Sequence[int] = ()
) -> dict[str, Any]:  # fmt: skip
    """Plain data that opens the same subject elsewhere."""
    path = find_model(model)
    return {
        "model": model if path is None else str(path), "hash": model_info(model).hash, "side": side,
        "threads": threads, "device": device, "classes": list(classes),
    }  # fmt: skip


def opened(asked: Mapping[str, Any]) -> Subject:
    """The model that `asked_of` told. ModelError where another lies there now."""
    subject = Subject(asked["model"], asked["side"], asked["threads"], asked["device"], asked["classes"])
    if subject.info.hash != asked["hash"]:
        raise ModelError(f"{asked['model']}: is another model than where the work was asked for")
    return subject


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order: what several threads add up depends on how many they are."""
    former = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(former)


@torch.inference_mode()
def moments_of(subject: Subject, chunk: Chunk, seed: int) -> Moments:
    """Of w at the places of a chunk, which have a seed of their own."""
    with one_thread():
        sample = subject.sample(chunk.last - chunk.first, seed_of(seed, chunk.first))
        rows = np.asarray(features(subject, "w", sample), np.float64)
        mean = rows.mean(0)
        apart = torch.from_numpy(rows - mean)
        scatter = (apart.T @ apart).numpy()
    return Moments(rows.shape[1], {"count": np.array(len(rows)), "mean": mean, "scatter": scatter})


@torch.inference_mode()
def scores_of(subject: Subject, judge: Any, places: Any) -> dict[str, Rows]:
    """scores (n,) and pictures (n, h, w, 3) uint8 of places."""
    seen = subject.pictures(subject.w(places))
    return {"scores": judge.score(seen).cpu().double().numpy(), "pictures": as_bytes(seen)}


class MomentsWorker:
    """`moments_of` chunks, as .npz.

    asked : "subject" as `asked_of` tells it, "seed"
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._subject, self._seed = opened(asked["subject"]), int(asked["seed"])

    def do(self, chunk: Chunk, out: Path) -> None:
        save(out, moments_of(self._subject, chunk, self._seed).arrays())

    def close(self) -> None:
        """Nothing is held."""


class ScoresWorker:
    """`scores_of` chunks of seeds, as .npz.

    asked : "subject", "by", "input" and "clip" as `assessors.assessor` takes them, "seed" of the first,
    "class"
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        from engine.studio.learn.assessors import Input, assessor

        self._subject = opened(asked["subject"])
        self._judge = assessor(asked["by"], Input(**asked["input"]), self._subject.device, asked["clip"])
        self._seed, self._class = int(asked["seed"]), asked["class"]

    def do(self, chunk: Chunk, out: Path) -> None:
        from engine.studio.learn.sheet import placed

        places = placed(self._subject, self._seed + chunk.first, chunk.last - chunk.first, self._class)
        save(out, scores_of(self._subject, self._judge, places))

    def close(self) -> None:
        """Nothing is held."""


def save(out: Path, arrays: Mapping[str, Rows]) -> None:
    """Write a chunk's arrays."""
    with out.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # of names that are no parameters of it


def load(path: Path) -> dict[str, Rows]:
    """Read a chunk's arrays."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
