"""No graph break hides in any synthesis: what a compiler or a capture takes is the whole frame."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from engine.generator.plans.device_frame import Frame
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of
from tests.engine.generator.small_models import one_thread as one_thread


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    torch.compiler.reset()


@pytest.mark.parametrize(("batched", "half"), [(False, False), (True, True)], ids=["one voice fp32", "voices fp16"])
@pytest.mark.parametrize("family", SPECS)
def test_a_frame_is_one_graph_that_draws_the_same(family: str, half: bool, batched: bool) -> None:
    spec = SPECS[family]()
    frame = Frame(source_of(spec).build(canvas_of(spec), batched=batched, half=half))
    inputs = inputs_of(spec, 2 if batched else 1)
    tensors = [torch.from_numpy(np.asarray(inputs[slot.name])) for slot in frame.slots]
    compiled = torch.compile(frame, fullgraph=True, dynamic=False, backend="eager")
    with torch.inference_mode():
        picture, rgba = frame(*tensors)
        again, bytes_ = compiled(*tensors)
    assert torch.equal(picture, again) and torch.equal(rgba, bytes_)


def test_a_break_would_be_found() -> None:
    class Broken(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2 if float(x.sum()) > 0 else x

    compiled = torch.compile(Broken(), fullgraph=True, dynamic=False, backend="eager")
    with pytest.raises(torch._dynamo.exc.TorchDynamoException):
        compiled(torch.ones(3))
