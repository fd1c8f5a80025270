"""The arithmetic of fp16 itself, on the processor, against fp32: what a GPU may differ by.

Genuine checkpoints of the golden set: the largest difference of one number within 1.5e-2 of the picture's deviation.
Small random models, which amplify more: root mean square within `agreement.HALF_SIGMA`.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.generator import model_file
from engine.generator.convert import convert
from engine.generator.network import source_of as stored_source
from engine.generator.plan import Source
from engine.generator.plans.agreement import HALF_SIGMA, compare, rgba_of
from engine.generator.plans.device_frame import Frame
from engine.generator.spec import Canvas
from tests.engine.generator.golden import golden
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of
from tests.engine.generator.small_models import one_thread as one_thread

GOLDEN_MAX_SIGMA = 1.5e-2
GENUINE = [
    "sg2_64_uncond.pkl", "sg2_64_cond3_clamp.pkl", "sg2_32_sg3repo_modern.pkl", "sg3t_64_uncond.pkl",
    "sg3r_64_xform.pkl", "pggan_32.pth", "biggan_deep_32",
]  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where converted checkpoints are kept for the tests of this file."""
    return tmp_path_factory.mktemp("models")


def pictures(
    source: Source, canvas: Canvas, inputs: dict[str, NDArray[np.float32]], batched: bool
) -> list[NDArray[np.float32]]:
    """In fp32 and in fp16."""
    found = []
    for half in (False, True):
        frame = Frame(source.build(canvas, batched=batched, half=half))
        assert frame.halves == half
        with torch.inference_mode():
            tensors = [torch.from_numpy(np.asarray(inputs[slot.name])) for slot in frame.slots]
            found.append(frame(*tensors)[0].numpy().copy())
    return found


@pytest.mark.parametrize("batched", [False, True], ids=["one voice", "voices"])
@pytest.mark.parametrize("family", SPECS)
def test_half_precision_of_a_random_model_stays_near(family: str, batched: bool) -> None:
    spec = SPECS[family]()
    for seed in (1, 2):
        full, half = pictures(source_of(spec), canvas_of(spec), inputs_of(spec, 1, seed), batched)
        agreement = compare(half, full)
        assert agreement.close(HALF_SIGMA[spec.family]), f"{family}: {agreement}"


@pytest.mark.parametrize("family", ["stylegan2 skip", "stylegan3-t"])
def test_half_precision_does_not_overflow_far_out(family: str) -> None:
    spec = SPECS[family]()
    far = inputs_of(spec, 1)
    full, half = pictures(source_of(spec), canvas_of(spec), {**far, "w": 40 * far["w"]}, batched=True)
    assert np.isfinite(half).all() and compare(half, full).close(4 * HALF_SIGMA[spec.family])


@pytest.mark.parametrize("batched", [False, True], ids=["one voice", "voices"])
@pytest.mark.parametrize("name", GENUINE)
def test_half_precision_of_a_genuine_checkpoint_is_within_the_golden_sets_tolerance(
    models: Path, name: str, batched: bool
) -> None:
    model = models / f"{name}.safetensors"
    if not model.exists():
        convert(golden(name), model)
    source, spec = stored_source(str(model)), model_file.read_header(model).spec
    full, half = pictures(source, canvas_of(spec), source.inputs(1), batched)
    assert compare(half, full).max_sigma <= GOLDEN_MAX_SIGMA
    assert np.abs(rgba_of(half).astype(int) - rgba_of(full)).max() <= 2
