"""Drawing on an NVIDIA GPU: fp16 where the checkpoint has it, a frame as one CUDA graph, bytes out by one copy.

fp32 layers compute in fp32: TF32 is off, because a picture must agree with the reference's to 1e-4 and the layers that
cost most are fp16 anyway. `docs/gpu.md` says what has run on a GPU and what has not.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import DeviceError, InputError
from engine.generator.plan import Inputs, Source
from engine.generator.plans.agreement import HALF_SIGMA
from engine.generator.plans.cuda_graph import Replay
from engine.generator.plans.cuda_host import Pins, address_of
from engine.generator.plans.cuda_ipc import SharedSlots
from engine.generator.plans.device_frame import Frame, to_numpy
from engine.generator.plans.device_plan import DevicePlan, Draw
from engine.generator.plans.ladder import Runner, climb
from engine.generator.spec import Canvas
from engine.gpu_offer import Offer, runtime

# What is tried, fastest first; eager draws when nothing else agrees with it.
LADDERS = {"auto": ("graph",), "graph": ("graph",), "compile": ("compile", "graph"), "eager": ()}

LOCKED, STAGED = "shared memory, page-locked", "staging memory, then copied"


class CudaPlan(DevicePlan):
    """Draws on a stream of its own and waits once a frame, when the bytes must be whole.

    backend : "auto" is "graph"; "eager" also asks cuDNN for repeatable algorithms, for renders bit for bit
    """

    half_families = ("stylegan2", "stylegan3")  # only these were trained with fp16 layers

    def __init__(
        self, source: Source, voices: int, canvas: Canvas, backend: str = "auto", device: str = "cuda"
    ) -> None:
        if not torch.cuda.is_available():
            raise DeviceError("no CUDA device here (`latenz doctor` says why): choose --device cpu")
        if backend not in LADDERS:
            raise InputError(f"no backend {backend!r} on CUDA; there are: {', '.join(LADDERS)}")
        settle_arithmetic(repeatable=backend == "eager")
        torch.cuda.set_device(torch.device(device).index or 0)
        self._ladder = LADDERS[backend]
        self._replay: Runner | None = None
        self._shared: list[Tensor] = []  # the slots again, in memory that another process can open
        self._memory: SharedSlots | None = None
        self._places: dict[int, int] = {}  # by the address of `out`
        self._pins = Pins(torch.cuda.cudart(), self._clear_error)  # type: ignore[no-untyped-call]
        super().__init__(source, voices, canvas, device)

    def _set_up(self, source: Source) -> None:
        self._stream, self._done = torch.cuda.Stream(), torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._notes |= {"gpu": torch.cuda.get_device_name(), "tf32": "off"}
        with torch.cuda.stream(self._stream):
            super()._set_up(source)
            self._staging = torch.empty(self._slots[0].shape, dtype=torch.uint8, pin_memory=True)
            self._climb()
        self._stream.synchronize()

    def _climb(self) -> None:
        """Take the first way of the ladder that draws what eager draws."""
        self._replay = None
        self._feed(self._fixed)
        true = to_numpy(self._run(0))
        frame = self._frame
        half_sigma = HALF_SIGMA[frame.net.spec.family] if frame.halves else None
        made = {"graph": lambda: self._record(frame), "compile": lambda: self._record(compiled(frame))}
        step = climb([(way, made[way]) for way in self._ladder], len(self._slots), true, half_sigma)
        self.backend, self._replay = step.way, step.run
        self._notes |= step.notes
        if step.run is not None:
            self._check_bytes()

    def _record(self, frame: Draw) -> Runner:
        return Replay(lambda slot: self._draw_with(frame, slot), len(self._slots))

    def share(self, ring: Sequence[NDArray[np.uint8]], offer: Path) -> None:
        try:
            shared = SharedSlots(runtime(), self._on.index or 0, tuple(self._slots[0].shape), len(ring))
        except DeviceError as error:
            self._notes["interop"] = f"not offered: {error}"
            Offer(refused=str(error)).write(offer)
            return
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            self._slots = [torch.empty_like(self._slots[0]) for _ in ring]
            self._shared, self._memory = shared.tensors(), shared
            self._places = {address_of(out): slot for slot, out in enumerate(ring)}
            self._climb()
        self._stream.synchronize()
        self._notes["interop"] = "offered to the stage"
        shared.offer.write(offer)

    def _emit(self, rgba: Tensor, slot: int) -> None:
        super()._emit(rgba, slot)
        if self._shared:
            self._shared[slot].copy_(rgba.flip(1))  # OpenGL counts rows from below

    def _run(self, slot: int) -> Tensor:
        return super()._run(slot) if self._replay is None else self._replay(slot)

    @torch.inference_mode()
    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        host = self._pins.tensor(out)
        with torch.cuda.stream(self._stream):
            self._feed(inputs)
            slot = self._places.get(address_of(out), 0) if self._places else self._next()
            self._run(slot)
            (self._staging if host is None else host).copy_(self._slots[slot], non_blocking=True)
            self._done.record()
        self._done.synchronize()
        self._notes["frames leave by"] = LOCKED
        if host is None:
            self._notes["frames leave by"] = STAGED
            np.copyto(out, self._staging.numpy())

    @torch.inference_mode()
    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        with torch.cuda.stream(self._stream):
            self._feed(inputs)
            return to_numpy(self._run(self._next()))

    def _clear_error(self) -> None:
        """A refused call leaves its error for the next kernel to report as its own: let one that nobody needs do so."""
        try:
            torch.zeros(1, device=self._on).add_(1)
        except RuntimeError as error:
            self._notes["page lock"] = str(error).partition("\n")[0]

    def close(self) -> None:
        self._stream.synchronize()
        self._replay, self._shared = None, []
        self._pins.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None


def compiled(frame: Frame) -> Draw:
    """The frame as torch's compiler makes it; static shapes, and nothing left to Python."""
    made: Draw = torch.compile(frame, fullgraph=True, dynamic=False)
    return made


def settle_arithmetic(repeatable: bool) -> None:
    """Exact fp32, and the same algorithms in every run or the fastest ones. For the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = repeatable
    torch.backends.cudnn.benchmark = not repeatable
