"""Drawing on Apple's GPU: eager, fp16 where it agrees with fp32."""

import torch

from engine.errors import DeviceError
from engine.generator.plan import Source
from engine.generator.plans.device_plan import DevicePlan
from engine.generator.spec import Canvas


class MpsPlan(DevicePlan):
    """Metal gives no graphs to capture; copying the bytes to the host waits for the frame."""

    def __init__(self, source: Source, voices: int, canvas: Canvas) -> None:
        if not torch.backends.mps.is_available():
            raise DeviceError("no Apple GPU here: choose --device cpu")
        super().__init__(source, voices, canvas, "mps")
