"""A plan that draws at once and gets faster while it plays."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.generator.plan import Inputs, Plan
from engine.generator.plans.openvino_compile import Compilation
from engine.generator.plans.openvino_plan import Disagreement
from engine.generator.plans.voices import Use, VoicePlan


class LivePlan(Plan):
    """Draws with one plan until another that draws the same ones is ready; then, between two pictures, with that.

    better : makes the other plan, checked and warm, once the compilation is done; what goes wrong with it is noted
    """

    device = "cpu"
    separable = True

    def __init__(self, plan: VoicePlan, compilation: Compilation, better: Callable[[], VoicePlan]) -> None:
        self._plan, self._compilation, self._better = plan, compilation, better
        self.backend = plan.backend
        self._found: dict[str, object] = {"openvino": "compiling"}
        self._drawing = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._improve, name="improve", daemon=True)
        self._thread.start()

    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        with self._drawing:
            self._plan.draw(inputs, out)

    def draw_voice(self, inputs: Inputs, voice: int, out: NDArray[np.uint8]) -> None:
        with self._drawing:
            self._plan.draw_voice(inputs, voice, out)

    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        with self._drawing:
            return self._plan.image(inputs)

    def lend(self, inputs: Inputs, voice: int, use: Use) -> None:
        """Let `use` have the picture of one voice while it is there."""
        with self._drawing:
            self._plan.lend(inputs, voice, use)

    def notes(self) -> dict[str, object]:
        return {**self._plan.notes(), **self._found}

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until no change is to come; False when that is not yet so."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self) -> None:
        self._closing = True
        self._compilation.close()
        self._thread.join()
        self._plan.close()

    def _improve(self) -> None:
        try:
            self._compilation.wait()
            if self._closing:
                return
            better = self._better()
        except Disagreement as error:
            self._found["openvino"] = f"not used: {error}"
        except (EngineError, OSError, RuntimeError, ValueError) as error:
            self._found["openvino"] = f"failed: {error}"
        else:
            self._swap(better)

    def _swap(self, better: VoicePlan) -> None:
        former, known = self._plan, self._plan.notes()
        with self._drawing:  # held for three assignments: a picture waits for nothing that takes time
            self._plan, self.backend = better, better.backend
            self._found = {"frozen": known.get("frozen", "")} if "frozen" in known else {}
        former.close()  # here, not in the drawing thread: giving back a hundred megabytes takes milliseconds
