"""Pictures that stay on the GPU: order of calls, what is refused, and that nothing is left behind.

OpenGL is real here (offscreen); NVIDIA's library is a recorder with memory, except where the test says so.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.controls import Controls, Layout
from engine.errors import DeviceError
from engine.generator.plans.cuda_ipc import GRAIN, SharedSlots
from engine.gpu_offer import HANDLE_BYTES, Offer, Runtime, handle_bytes, handle_of, runtime
from engine.stage.interop import Door, Interop, libraries, open_door, probe
from engine.stage.offscreen import Offscreen
from tests.conftest import needed
from tests.cuda_library import Context, Library, libraries_of

SHAPE = (2, 12, 20, 4)


@pytest.fixture
def ctx() -> Iterator[Any]:
    with Offscreen(32, 32) as stage:
        yield stage._ctx


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def slots(library: Library) -> SharedSlots:
    return SharedSlots(Runtime(library), 0, SHAPE, 3)


def picture_in(library: Library, slots: SharedSlots, slot: int, seed: int) -> np.ndarray:
    """Draw noise into a slot, as the generator's GPU would."""
    interface = slots.arrays()[slot].__cuda_array_interface__
    picture = np.random.RandomState(seed).randint(0, 256, SHAPE, np.uint8)
    [(start, block)] = library.memory.items()
    at = interface["data"][0] - start
    block[at : at + picture.nbytes] = picture.tobytes()
    assert interface["shape"] == SHAPE and interface["typestr"] == "|u1" and interface["data"][1] is False
    return picture


# The generator's side


def test_an_offer_names_one_allocation_in_whole_blocks(library: Library, slots: SharedSlots, tmp_path: Path) -> None:
    assert library.calls == ["cudaSetDevice", "cudaMalloc", "cudaIpcGetMemHandle", "cudaDeviceGetPCIBusId"]
    offer = slots.offer
    assert offer.stride % GRAIN == 0 and offer.slots == 3 and offer.bus == "0000:01:00.0"
    offer.write(tmp_path / "gpu.json")
    assert Offer.read(tmp_path / "gpu.json") == offer
    assert [path.name for path in tmp_path.iterdir()] == ["gpu.json"]
    slots.close()
    slots.close()
    assert library.calls[4:] == ["cudaFree"] and not library.memory


@pytest.mark.parametrize("name", ["cudaMalloc", "cudaIpcGetMemHandle", "cudaDeviceGetPCIBusId"])
@pytest.mark.parametrize("how", ["fails", "returns nothing with success"])
def test_memory_that_cannot_be_shared_is_given_back(library: Library, name: str, how: str) -> None:
    if how == "fails":
        library.fail[name] = 2
    else:
        library.null.add(name)
    with pytest.raises(DeviceError, match=f"{name}: (cudaErrorMemoryAllocation|success, but nothing)"):
        SharedSlots(Runtime(library), 0, SHAPE, 3)
    assert library.null == {"cudaMalloc"} or not library.memory


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", '{"shape": [1, 2]}', '{"shape": null}', '{"shape": [1, 2, 3, 4], "handle": "zz"}',
        '{"shape": [1, 2, 3, 4], "handle": "00"}', '{"shape": [], "unknown": 1}',
    ],
)  # fmt: skip
def test_a_broken_offer_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "gpu.json").write_text(text, "utf-8")
    with pytest.raises(DeviceError, match="offer"):
        Offer.read(tmp_path / "gpu.json")


def test_no_offer_and_a_refusal_say_why(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="offers no GPU memory"):
        Offer.read(tmp_path / "none.json")
    Offer(refused="the generator draws on the CPU").write(tmp_path / "gpu.json")
    with pytest.raises(DeviceError, match="draws on the CPU"):
        Offer.read(tmp_path / "gpu.json")


# The stage's side


def test_a_picture_of_each_slot_and_voice_arrives_in_its_texture(
    ctx: Any, library: Library, slots: SharedSlots
) -> None:
    door = Door(Context(ctx, library), slots.offer, libraries_of(library))
    texture = ctx.texture((SHAPE[2], SHAPE[1]), 4)
    for number in range(7):
        picture = picture_in(library, slots, number % 3, number)
        for voice in range(SHAPE[0]):
            door.copy(number % 3, voice, texture)
            arrived = np.frombuffer(texture.read(), np.uint8).reshape(SHAPE[1:])
            assert np.array_equal(arrived, picture[voice])
    door.close()
    door.close()
    assert not library.opened


def test_calls_come_in_the_order_that_cuda_asks_for(ctx: Any, library: Library, slots: SharedSlots) -> None:
    library.calls.clear()
    door = Door(Context(ctx, library), slots.offer, libraries_of(library))
    assert library.calls == [
        "cudaGLGetDevices", "cudaDeviceGetByPCIBusId", "cudaSetDevice", "register",
        "map", "cudaMemcpyAsync", "unmap", "stream.sync", "cudaIpcOpenMemHandle",
    ]  # fmt: skip
    library.calls.clear()
    door.copy(0, 0, ctx.texture((SHAPE[2], SHAPE[1]), 4))
    assert library.calls == ["map", "cudaMemcpyAsync", "unmap"], "nothing is waited for in a frame"
    library.calls.clear()
    door.close()
    assert library.calls == ["cudaIpcCloseMemHandle", "unregister", "stream.close"]


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("cudaGLGetDevices", 304, "cudaErrorOperatingSystem"),
        ("cudaGLGetDevices", 219, "cudaErrorInvalidGraphicsContext"),
        ("cudaDeviceGetByPCIBusId", 101, "cudaErrorUnknown"),
        ("register", 1, "OS call failed"),
        ("map", 1, "CUDA_ERROR_MAP_FAILED"),
        ("cudaMemcpyAsync", 700, "cudaMemcpyAsync"),
        ("cudaIpcOpenMemHandle", 201, "cudaIpcOpenMemHandle"),
    ],
)
def test_what_fails_is_told_and_nothing_is_left(
    ctx: Any, library: Library, slots: SharedSlots, name: str, code: int, why: str
) -> None:
    library.fail[name] = code
    with pytest.raises(DeviceError, match=why) as caught:
        Door(Context(ctx, library), slots.offer, libraries_of(library))
    assert "\n" not in str(caught.value)
    assert not library.opened and library.calls.count("register") <= 1 + library.calls.count("unregister")
    if name in ("map", "cudaMemcpyAsync", "cudaIpcOpenMemHandle"):
        assert library.calls[-2:] == ["unregister", "stream.close"]


@pytest.mark.parametrize("name", ["register", "cudaIpcOpenMemHandle"])
def test_nothing_returned_with_success_is_a_failure(ctx: Any, library: Library, slots: SharedSlots, name: str) -> None:
    library.null.add(name)
    with pytest.raises(DeviceError, match="nothing was returned"):
        Door(Context(ctx, library), slots.offer, libraries_of(library))
    assert library.calls[-2:] == ["unregister", "stream.close"]


def test_a_pattern_that_arrives_wrong_is_a_failure(ctx: Any, library: Library, slots: SharedSlots) -> None:
    library.spoil = True
    with pytest.raises(DeviceError, match="test pattern did not arrive"):
        Door(Context(ctx, library), slots.offer, libraries_of(library))


@pytest.mark.parametrize(("drawing", "why"), [([], "not draw on an NVIDIA GPU"), ([1], "different GPUs")])
def test_opengl_on_another_gpu_is_a_failure(
    ctx: Any, library: Library, slots: SharedSlots, drawing: list[int], why: str
) -> None:
    library.drawing = drawing
    with pytest.raises(DeviceError, match=why):
        Door(Context(ctx, library), slots.offer, libraries_of(library))
    assert "register" not in library.calls


def test_an_offer_of_too_little_memory_is_refused(ctx: Any, library: Library, slots: SharedSlots) -> None:
    row = slots.offer
    small = Offer(row.bus, (2, 4096, 4096, 4), row.slots, row.stride, row.handle)
    with pytest.raises(DeviceError, match="broken"):
        Door(Context(ctx, library), small, libraries_of(library))


# The library itself


def test_the_functions_that_are_used_are_in_the_library() -> None:
    found = needed("cuda.bindings.runtime")
    for name in [name[1:] for name in vars(Library) if name.startswith("_cuda")]:
        assert callable(getattr(found, name)), name
    assert found.cudaGLDeviceList.cudaGLDeviceListAll and found.cudaIpcMemLazyEnablePeerAccess == 1
    assert int(found.cudaMemcpyKind.cudaMemcpyHostToDevice) == 1
    assert int(found.cudaMemcpyKind.cudaMemcpyDeviceToDevice) == 3
    core = needed("cuda.core")
    for name in ("from_gl_buffer", "map", "close", "handle"):
        assert hasattr(core.GraphicsResource, name)
    assert hasattr(core.Device, "set_current") and hasattr(core.Device, "create_stream")
    assert hasattr(core.Stream, "handle") and hasattr(core.Buffer, "size") and hasattr(core.Buffer, "handle")


def test_a_handle_goes_through_bytes_unchanged() -> None:
    found = needed("cuda.bindings.runtime")
    data = bytes(range(HANDLE_BYTES))
    assert handle_bytes(handle_of(found, data)) == data


def test_the_library_answers_with_its_error_first() -> None:
    needed("cuda.bindings.runtime")
    try:
        count = runtime().call("cudaGetDeviceCount")
    except DeviceError as error:
        assert str(error).startswith("cudaGetDeviceCount: cudaError")
    else:
        assert count >= 0


def test_the_real_probe_says_why_pictures_are_copied_here(ctx: Any) -> None:
    torch = needed("torch")
    if torch.cuda.is_available():
        pytest.skip("a GPU is here: see the tests marked gpu")
    assert "cudaGLGetDevices" in probe(ctx) or "not installed" in probe(ctx)


def test_the_real_library_refuses_an_offer_and_leaves_opengl_as_it_was(ctx: Any, tmp_path: Path) -> None:
    needed("cuda.core")
    Offer("0000:ff:1f.7", SHAPE, 3, GRAIN, "ab" * HANDLE_BYTES).write(tmp_path / "gpu.json")
    with pytest.raises(DeviceError):
        open_door(ctx, tmp_path / "gpu.json")
    texture = ctx.texture((2, 2), 4, bytes(range(16)))
    assert texture.read() == bytes(range(16)) and ctx.error == "GL_NO_ERROR"


def test_without_the_packages_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(DeviceError, match=r"not installed: python -m pip install 'latenz\[cuda\]'"):
        libraries()


@pytest.mark.gpu
def test_a_gpu_gives_pictures_to_opengl(ctx: Any) -> None:
    torch = needed("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device, or no CUDA build of torch, is here")
    interop = Interop(ctx, 4 * 20 * 12, libraries())
    picture = torch.randint(0, 256, (12, 20, 4), dtype=torch.uint8, device="cuda")
    torch.cuda.synchronize()
    texture = ctx.texture((20, 12), 4)
    interop.copy(picture.data_ptr(), 4 * 20 * 12, texture)
    assert np.array_equal(np.frombuffer(texture.read(), np.uint8), picture.cpu().numpy().ravel())
    interop.close()


def test_an_offer_is_plain_json(slots: SharedSlots, tmp_path: Path) -> None:
    slots.offer.write(tmp_path / "gpu.json")
    row = json.loads((tmp_path / "gpu.json").read_text("utf-8"))
    assert set(row) == {"bus", "shape", "slots", "stride", "handle", "refused"}


# A stage with a door


def shown(stage: Offscreen, image: np.ndarray, now_s: float) -> np.ndarray:
    stage.present(image, Controls(Layout(()), np.zeros(0)), now_s, 1 / 30)
    return stage.grab()


def test_a_stage_draws_the_same_through_the_door_as_from_a_copy(library: Library, slots: SharedSlots) -> None:
    with Offscreen(40, 12) as copying, Offscreen(40, 12) as stage:
        stage._current()
        door = Door(Context(stage._ctx, library), slots.offer, libraries_of(library))
        stage._painter.follow(door)
        for number in range(5):
            lying = picture_in(library, slots, number % 3, number)
            lying[..., 3] = 255
            picture_of = np.ascontiguousarray(lying[:, ::-1])  # as `out` has it: row 0 on top
            [(start, block)] = library.memory.items()
            at = (number % 3) * slots.offer.stride
            block[at : at + lying.nbytes] = lying.tobytes()
            stage.gpu_slot = number % 3
            library.calls.clear()
            assert np.array_equal(shown(stage, picture_of, number / 30), shown(copying, picture_of, number / 30))
            assert (library.calls.count("cudaMemcpyAsync") == SHAPE[0]) == (number > 0), "the first one makes textures"
    assert not library.opened and library.calls[-1] == "stream.close"


def test_when_the_door_breaks_the_copy_goes_on_and_it_is_told(library: Library, slots: SharedSlots) -> None:
    with Offscreen(40, 12) as copying, Offscreen(40, 12) as stage:
        stage._current()
        stage._painter.follow(Door(Context(stage._ctx, library), slots.offer, libraries_of(library)))
        stage.gpu_slot = 0
        for number in range(4):
            if number == 2:
                library.fail["cudaMemcpyAsync"] = 700  # an illegal address: the process that offered it is gone
            picture = np.random.RandomState(number).randint(0, 256, SHAPE, np.uint8)
            picture[..., 3] = 255
            lying = np.ascontiguousarray(picture[:, ::-1])
            [block] = library.memory.values()
            block[: lying.nbytes] = lying.tobytes()
            assert np.array_equal(shown(stage, picture, number / 30), shown(copying, picture, number / 30))
        assert len(stage.news) == 1 and "copied from now on: cudaMemcpyAsync" in stage.news[0]
        stage.rebuild()
        assert np.array_equal(shown(stage, picture, 1.0), shown(copying, picture, 1.0))


def test_a_rebuilt_stage_has_the_last_picture_though_it_never_copied_it(library: Library, slots: SharedSlots) -> None:
    with Offscreen(40, 12) as stage:
        stage._current()
        stage._painter.follow(Door(Context(stage._ctx, library), slots.offer, libraries_of(library)))
        stage.gpu_slot = 0
        for seed in range(3):
            picture = np.random.RandomState(seed).randint(0, 256, SHAPE, np.uint8)
            shown(stage, picture, seed / 30)
        stage.rebuild()
        kept = stage._painter.pixels
        assert kept is not None and np.array_equal(kept, picture)


def test_a_stage_says_what_came_of_an_offer(tmp_path: Path) -> None:
    Offer(refused="the generator draws on cpu").write(tmp_path / "gpu.json")
    with Offscreen(40, 12) as stage:
        assert stage.open_offer(tmp_path / "gpu.json") == "pictures are copied: the generator draws on cpu"
        shown(stage, np.full(SHAPE, 200, np.uint8), 0.0)
        assert stage.mean_level() > 100
