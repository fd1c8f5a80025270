"""OpenVINO on the processor: a compiled model drawn on so many threads. Needs no torch."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, EngineError
from engine.generator.plan import Source
from engine.generator.plans.agreement import SAME_SIGMA, compare
from engine.generator.plans.openvino_cache import Entry
from engine.generator.plans.voices import VoicePlan
from engine.generator.spec import Canvas


class Disagreement(EngineError):  # noqa: N818
    """A backend does not draw what eager draws, or is no faster; the message is for the report."""


class OpenVINOPlan(VoicePlan):
    """An entry of the cache, imported. RuntimeError where OpenVINO does not take it."""

    backend = "openvino"

    def __init__(self, entry: Entry, voices: int, canvas: Canvas, threads: int) -> None:
        import openvino

        super().__init__(entry.ports, voices, canvas)
        self.found: dict[str, object] = dict(entry.facts)
        self._model = core().import_model(entry.blob, "CPU", settings(threads))
        self._request = self._model.create_infer_request()
        for i, feed in enumerate(self._feeds):
            self._request.set_input_tensor(i, openvino.Tensor(feed, shared_memory=True))
        self._picture: NDArray[np.float32] = self._request.get_output_tensor(0).data

    @property
    def threads(self) -> int:
        """How many draw, as OpenVINO understood it."""
        return int(self._model.get_property("INFERENCE_NUM_THREADS"))

    def notes(self) -> dict[str, object]:
        return self.found

    def check(self, source: Source, oracle: NDArray[np.float32]) -> None:
        """Draw the source's fixed inputs, which also warms up. Disagreement unless it is the oracle's picture."""
        agreement = compare(self.picture(source.inputs(1)), oracle)
        if not agreement.same():
            raise Disagreement(f"{agreement}; allowed are {SAME_SIGMA:g}")
        self.found["openvino"] = f"against eager: {agreement}"

    def _infer(self) -> NDArray[np.float32]:
        self._request.infer()
        picture: NDArray[np.float32] = self._picture[0]
        return picture


@cache
def core() -> Any:
    """OpenVINO's core. DeviceError where it is not installed."""
    try:
        import openvino
    except ImportError as error:
        raise DeviceError(f"OpenVINO cannot be loaded ({error}): choose --backend frozen") from None
    return openvino.Core()


def machine() -> str:
    """What a compiled model is good for: the library's version, the processor and what it can."""
    import openvino

    able = ",".join(sorted(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    return f"{openvino.__version__} {core().get_property('CPU', 'FULL_DEVICE_NAME')} {able}"


def settings(threads: int) -> dict[str, Any]:
    """One picture at a time, as soon as it can be, in float32, on so many threads that the system may move about."""
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
