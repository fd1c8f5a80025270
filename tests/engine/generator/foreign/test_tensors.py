"""Tensors are views of the file that cannot reach outside it nor pretend to be more than it holds."""

import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generator.foreign.budget import Budget
from engine.generator.foreign.refusal import RefusedError
from engine.generator.foreign.tensors import Storage, tensor
from tests.engine.generator.foreign.forge import loaded, numbers, pickled, raw, refusal, storage, text
from tests.engine.generator.foreign.forge import tensor as forged

FLOATS = np.arange(24, dtype="<f4")


def of(size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> np.ndarray:
    budget = Budget.of(1000)
    return tensor(Storage("<f4", 24, memoryview(FLOATS.tobytes()), budget), offset, size, stride, budget)


def test_a_tensor_is_a_view_of_the_file_that_cannot_be_written() -> None:
    data = memoryview(FLOATS.tobytes())
    array = tensor(Storage("<f4", 24, data, Budget.of(0)), 0, (24,), (1,), Budget.of(0))
    assert np.shares_memory(array, np.frombuffer(data, np.uint8)) and not array.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_permuted_and_cut_layouts_are_read() -> None:
    whole = FLOATS.reshape(2, 3, 4)
    assert np.array_equal(of((2, 3, 4), (12, 4, 1)), whole)
    assert np.array_equal(of((4, 3, 2), (1, 4, 12)), whole.T)
    assert np.array_equal(of((2, 4, 3), (12, 1, 4)), whole.transpose(0, 2, 1))  # channels_last
    assert np.array_equal(of((3, 2), (4, 1), 13), whole[1, :, 1:3])
    assert of((), (), 5) == 5
    assert of((0, 3), (3, 1)).shape == (0, 3)
    assert np.array_equal(of((1, 3), (0, 1)), whole[:1, 0, :3])


def test_a_small_expanded_tensor_is_read_and_a_large_one_is_not() -> None:
    assert np.array_equal(of((4, 2), (0, 1)), np.tile(FLOATS[:2], (4, 1)))
    with pytest.raises(RefusedError, match="several times"):
        of((2000, 2), (0, 1))


@pytest.mark.parametrize(
    ("size", "stride", "offset", "why"),
    [
        ((25,), (1,), 0, "reaches element 24"),
        ((2,), (1,), 23, "reaches element 24"),
        ((2,), (2**39,), 0, "reaches element"),
        ((4,), (-1,), 3, "stride holds -1"),
        ((4,), (1,), -1, "offset holds -1"),
        ((-4,), (1,), 0, "size holds -4"),
        ((2**40,), (1,), 0, "size holds"),
        ((2**20, 2**20), (0, 0), 0, "absurd"),
        ((2**39, 2**39, 0), (1, 1, 1), 0, "absurd"),
        ((2, 2), (1,), 0, "2 sizes and 1 strides"),
        ((1,) * 17, (1,) * 17, 0, "up to 16"),
        ((True,), (1,), 0, "size holds a bool"),
        ((2.0,), (1,), 0, "size holds a float"),
        ([2], (1,), 0, "size is no tuple"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(
    size: tuple[int, ...], stride: tuple[int, ...], offset: int, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        of(size, stride, offset)


@given(
    dims=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=4),
    offset=st.integers(0, 30),
)
def test_whatever_is_read_is_what_torch_would_read(dims: list[tuple[int, int]], offset: int) -> None:
    import torch

    size, stride = tuple(d[0] for d in dims), tuple(d[1] for d in dims)
    try:
        mine = of(size, stride, offset)
    except RefusedError:
        last = offset + sum((n - 1) * s for n, s in dims)
        assert last >= 24 and 0 not in size
        return
    if mine.size:
        theirs = torch.from_numpy(FLOATS).as_strided(size, stride, offset).numpy()
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("kind", "content", "values"),
    [
        ("FloatStorage", struct.pack("<2f", 1.5, -2), [1.5, -2]),
        ("DoubleStorage", struct.pack("<2d", 1.5, -2), [1.5, -2]),
        ("HalfStorage", struct.pack("<2e", 1.5, -2), [1.5, -2]),
        ("BFloat16Storage", b"\xc0\x3f\x00\xc0", [1.5, -2]),
        ("LongStorage", struct.pack("<2q", 3, -4), [3, -4]),
        ("IntStorage", struct.pack("<2i", 3, -4), [3, -4]),
        ("ShortStorage", struct.pack("<2h", 3, -4), [3, -4]),
        ("CharStorage", b"\x03\xfc", [3, -4]),
        ("ByteStorage", b"\x03\xfc", [3, 252]),
        ("BoolStorage", b"\x00\x02", [False, True]),
    ],
)
def test_every_kind_of_storage_is_read(kind: str, content: bytes, values: list[float]) -> None:
    array = loaded(pickled(forged(storage(kind, 2, content), 0, (2,), (1,))))
    assert array.tolist() == values
    assert array.dtype == {"BFloat16Storage": np.float32, "HalfStorage": np.float16}.get(kind, array.dtype)


def test_a_storage_that_stands_alone_is_an_array() -> None:
    assert loaded(pickled(storage("FloatStorage", 2, struct.pack("<2f", 1, 2)))).tolist() == [1, 2]


def test_many_tensors_may_not_show_the_same_bytes_for_ever() -> None:
    content = bytes(4 << 20)
    whole = forged(b"h\0", 0, (1 << 20,), (1,))
    assert "over and over" in refusal(
        pickled(b"(", storage("FloatStorage", 1 << 20, content), b"q\0", whole * 40, b"t")
    )


NUMPY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR"


def numpy_array(kind: str, shape: bytes, content: bytes) -> bytes:
    return pickled(NUMPY, b"(K\1", shape, b"cnumpy\ndtype\n", text(kind), b"\x89\x88\x87R\x89", raw(content), b"tb")


@pytest.mark.parametrize(
    "kind", ["O", "O8", "V8", "S4", "U4", "M8[s]", "m8", "f4,f4", "c16", "f16", "g", "(2,)f4", "x" * 500, ""]
)
def test_numpy_data_that_is_no_numbers_is_refused(kind: str) -> None:
    assert "numbers are read, nothing else" in refusal(numpy_array(kind, numbers(1), bytes(8)))


@pytest.mark.parametrize("shape", [(3,), (2**40,), (-1,), (2**39, 2**39, 0), (1,) * 17])
def test_a_numpy_array_holds_what_its_shape_says(shape: tuple[int, ...]) -> None:
    refusal(numpy_array("f4", numbers(*shape), bytes(8)))


def test_a_structured_numpy_dtype_is_refused() -> None:
    array = pickle.dumps(np.zeros(2, np.dtype([("a", "f4"), ("b", "f4")])))
    assert "nothing else" in refusal(array)
    assert "nothing else" in refusal(pickle.dumps(np.array([None])))
    state = b"(K\3" + text("<") + b"N(" + text("a") + b"t}J\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    assert "structured" in refusal(pickled(b"cnumpy\ndtype\n", text("f4"), b"\x89\x88\x87R", state))


def test_random_states_of_numpy_are_refused_by_name() -> None:
    assert "it asks for numpy.random." in refusal(pickle.dumps(np.random.RandomState(0)))
