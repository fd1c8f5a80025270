"""Workers as actors of a Ray cluster: one for each GPU or core, and the files of their chunks over Ray's own wire."""

import hashlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import InputError, RoomError, printable
from engine.paths import part_beside
from engine.studio.farm.actor import Actor, version_here
from engine.studio.farm.crew import Task, Word
from engine.studio.farm.processes import ONE_THREAD
from engine.studio.farm.work import Workers

PIECE = 8 << 20  # bytes of a file that come at a time: a small object store is enough
STORE = 100 << 20
KNOCK_S = 5.0
START_S = 600.0  # without any actor by then, the cluster has no room
# Nothing is sent anywhere; a cluster without GPUs leaves the variables alone that say which one to use; and workers of
# a cluster that is started here get as much of a busy machine as processes do.
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_worker_niceness": "0",
}  # fmt: skip


class Cluster:
    """Actors by number. Ray starts no lost one again by itself: a new one is asked for, and may lie elsewhere."""

    def __init__(self, what: str, asked: Mapping[str, Any], workers: Workers, tasks: int) -> None:
        self._what, self._asked = what, dict(asked)
        self._ray, self._ours = joined(workers)
        try:
            have = self._ray.cluster_resources()
            gpus = int(have.get("GPU", 0)) if wants_gpu(asked) else 0
            self._needs = {"num_cpus": 0, "num_gpus": 1} if gpus else {"num_cpus": 1, "num_gpus": 0}
            room = gpus or int(have.get("CPU", 0))
            if room < 1:
                raise RoomError(f"--ray {workers.ray}: the cluster has no core to give")
            self.count = min(workers.count or room, room, tasks)
            self._class = self._ray.remote(Actor)
        except BaseException:
            self.close()
            raise
        self._actors: dict[int, Any] = {}
        self._waits: dict[Any, tuple[int, Task | None]] = {}
        self._begun_s, self._any = time.perf_counter(), False

    def hire(self, worker: int) -> None:
        actor = self._class.options(
            **self._needs, max_restarts=0, max_task_retries=0, runtime_env={"env_vars": ONE_THREAD}
        ).remote(str(Path.cwd()))
        self._actors[worker] = actor
        self._waits[actor.hold.remote(self._what, self._asked)] = worker, None

    def give(self, worker: int, task: Task) -> None:
        chunk = task.chunk
        self._waits[self._actors[worker].do.remote(chunk.number, chunk.first, chunk.last)] = worker, task

    def words(self, timeout_s: float) -> Iterable[Word]:
        if not self._any and time.perf_counter() - self._begun_s > START_S:
            raise RoomError(f"the cluster gave no room within {START_S:.0f} s; see `ray status`")
        ready, _ = self._ray.wait(list(self._waits), num_returns=1, timeout=timeout_s)
        for one in ready:
            worker, task = self._waits.pop(one)
            yield self._word(worker, task, one)

    def _word(self, worker: int, task: Task | None, answer: Any) -> Word:
        """What an actor said, its file fetched."""
        from ray.exceptions import RayError

        try:
            said = self._ray.get(answer)
            self._any = True
            if "error" in said:
                return Word(worker, "failed", str(said["error"]), str(said["text"]))
            if task is not None:
                self._fetch(worker, task.file, said["size"], said["sha256"])
                return Word(worker, "done")
        except RayError as error:
            return Word(worker, "lost", text=_short(error))
        if said["version"] != version_here():
            return Word(
                worker, "failed", "InputError",
                f"a machine of the cluster has latenz {said['version'] or 'as a checkout'}, this one "
                f"{version_here() or 'a checkout'}: install the same everywhere",
            )  # fmt: skip
        return Word(worker, "ready")

    def _fetch(self, worker: int, file: Path, size: int, sha256: str) -> None:
        """Write an outcome here, piece by piece. RoomError for one that was changed on its way."""
        digest = hashlib.sha256()
        with part_beside(file) as part:
            with part.open("wb") as out:
                for offset in range(0, size, PIECE):
                    piece: bytes = self._ray.get(self._actors[worker].read.remote(offset, PIECE))
                    digest.update(piece)
                    out.write(piece)
            if digest.hexdigest() != sha256:
                raise RoomError(f"{file}: did not arrive as it was sent")

    def dismiss(self, worker: int) -> None:
        if (actor := self._actors.pop(worker, None)) is not None:
            self._waits = {one: waits for one, waits in self._waits.items() if waits[0] != worker}
            self._ray.kill(actor, no_restart=True)

    def close(self) -> None:
        for worker in list(getattr(self, "_actors", ())):
            self.dismiss(worker)
        if self._ours:
            self._ray.shutdown()


def joined(workers: Workers) -> tuple[Any, bool]:
    """Ray, connected; whether it is ours to leave. InputError where there is none, or none answers."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs Ray: pip install 'latenz[cluster]'") from None
    if workers.ray not in ("auto", "local"):
        _knock(workers.ray)
    if ray.is_initialized():
        return ray, False
    with _own_signals():
        if workers.ray == "auto":
            try:
                ray.init(address="auto", **_QUIET)
                return ray, True
            except ConnectionError:
                pass  # none runs here
        try:
            if workers.ray in ("auto", "local"):
                ray.init(
                    address="local", num_cpus=workers.count or os.cpu_count(), object_store_memory=STORE,
                    include_dashboard=False, _node_ip_address="127.0.0.1", **_QUIET,
                )  # fmt: skip
            else:
                ray.init(address=workers.ray, **_QUIET)
        except (ConnectionError, RuntimeError, ValueError, AssertionError, ray.exceptions.RayError) as error:
            ray.shutdown()  # of what was begun
            raise _nobody(workers.ray, _short(error)) from None
    return ray, True


def _knock(address: str) -> None:
    """InputError unless somebody listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise _nobody(address, "that is no address")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()
    except OSError as error:
        raise _nobody(address, error.strerror or str(error)) from None


def _nobody(address: str, why: str) -> InputError:
    return InputError(f"--ray {address}: no cluster to work on ({why}); give auto, HOST:PORT, or ray://HOST:PORT")


_QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}


def wants_gpu(asked: Any) -> bool:
    """Whether a device other than the processor is named anywhere in what is asked."""
    if isinstance(asked, Mapping):
        return asked.get("device", "cpu") != "cpu" or any(wants_gpu(value) for value in asked.values())
    return isinstance(asked, list) and any(wants_gpu(value) for value in asked)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; ours stays ours."""
    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    former = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _short(error: Exception) -> str:
    return printable(str(error).strip().partition("\n")[0][:300]) or type(error).__name__
