"""Pickles of plain data become the same data, whatever the protocol; everything else is refused by name."""

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generator.foreign.budget import MAX_OPS
from engine.generator.foreign.read import read
from engine.generator.foreign.values import Named, Stub
from tests.engine.generator.foreign.forge import loaded, long, pickled, raw, refusal, text

DATA = Path(__file__).resolve().parents[3] / "data" / "foreign"
KEYS = st.text(max_size=8) | st.integers(-(2**59), 2**59) | st.booleans() | st.none() | st.binary(max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False) | st.text() | st.binary()
)
PLAIN = st.recursive(
    SCALARS | st.sets(KEYS, max_size=4) | st.frozensets(KEYS, max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(value=PLAIN, protocol=st.integers(0, 5))
def test_plain_data_is_read_as_python_reads_it(value: Any, protocol: int) -> None:
    assert loaded(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_a_tensorflow_network_becomes_a_stub_in_every_protocol(protocol: int) -> None:
    _, _, network = read(DATA / f"tensorflow_protocol{protocol}.pkl")
    assert isinstance(network, Stub) and network.name == "dnnlib.tflib.network.Network"
    assert network.state["version"] == 4 and network.state["build_module_src"] == "import os"
    assert dict(network.state["variables"])["4x4/Const/const"].shape == (1, 2, 4, 4)


def test_python_2_strings_are_latin1_and_arrays_of_them_are_numbers() -> None:
    assert loaded(b"U\x02\xe9!.") == "é!"
    assert loaded(rb"""S'a\x41\101\n\'\\'""" + b"\n.") == "aAA\n'\\"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1K\2\x85cnumpy\ndtype\nU\2f4K\0K\1\x87R"
    data = b"\x80\x02" + array + b"\x89U\x08" + struct.pack("<2f", 1, -2) + b"tb."
    assert loaded(data).tolist() == [1, -2]


def test_big_endian_numbers_are_turned_round() -> None:
    dtype = (
        b"cnumpy\ndtype\n"
        + text("f4")
        + b"\x89\x88\x87R(K\3"
        + text(">")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    )
    scalar = b"cnumpy.core.multiarray\nscalar\n" + dtype + raw(struct.pack(">f", 1.5)) + b"\x86R"
    assert loaded(pickled(scalar)) == 1.5


@given(value=st.floats(width=32) | st.integers(-100, 100) | st.booleans(), protocol=st.integers(2, 5))
def test_numpy_scalars_become_numbers(value: float, protocol: int) -> None:
    number = (
        np.bool_(value) if isinstance(value, bool) else np.int64(value) if isinstance(value, int) else np.float32(value)
    )
    read_back = loaded(pickle.dumps(number, protocol))
    assert type(read_back) is type(value) and np.array_equal(read_back, value, equal_nan=True)


@given(
    shape=st.lists(st.integers(0, 4), max_size=4),
    kind=st.sampled_from(["f4", "f8", "f2", "i8", "u1", "?", ">f4", ">i2"]),
    order=st.sampled_from("CF"),
    protocol=st.integers(0, 5),
)
def test_numpy_arrays_are_read_as_python_reads_them(shape: list[int], kind: str, order: str, protocol: int) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind, order=order)  # type: ignore[call-overload]
    mine = loaded(pickle.dumps(array, protocol))
    assert mine.dtype == array.dtype.newbyteorder("=") and np.array_equal(mine, array)
    assert not mine.flags.writeable or not mine.size


def test_shared_parts_stay_shared() -> None:
    inner = [1]
    value = loaded(pickle.dumps([inner, inner]))
    assert value[0] is value[1]


def test_names_that_stay_names() -> None:
    assert loaded(pickled(b"ctorch\nfloat16\n")) == Named("torch.float16")
    assert loaded(pickled(b"ctorch\nFloatStorage\n")) == Named("torch.FloatStorage")


SET_STATE = b"}" + text("x") + b"K\1sb"
TRICKS = {
    "a dotted name of an allowed module": (text("collections") + text("OrderedDict.fromkeys") + b"\x93", "asks for collections.OrderedDict.fromkeys"),
    "a dotted module": (text("torch.storage._load_from_bytes") + text("__globals__") + b"\x93", "asks for torch.storage._load_from_bytes.__globals__"),
    "an allowed name of another module": (text("os") + text("OrderedDict") + b"\x93", "asks for os.OrderedDict"),
    "letters that look alike": (text("c\u043ellections") + text("OrderedDict") + b"\x93", r"asks for c\u043ellections.OrderedDict"),
    "a full-width name": (text("\uff50\uff4f\uff53\uff49\uff58") + text("system") + b"\x93", "asks for \\uff50"),
    "control characters": (text("a\x1b[2Jb") + text("c\n") + b"\x93", r"asks for a\x1b[2Jb.c\n"),
    "a name as long as a file": (text("a" * 10**6) + text("b") + b"\x93", "asks for " + "a" * 100),
    "a long name of control characters": (b"c" + b"\1" * 300 + b"\n" + b"\2" * 300 + b"\n", r"asks for \x01\x01"),
    "spaces around": (text("collections ") + text("OrderedDict") + b"\x93", "asks for collections .OrderedDict"),
    "no name": (text("") + text("") + b"\x93", "asks for ."),
    "a name that is no text": (b"K\1K\2\x93", "name is no text"),
    "bytes for a name": (raw(b"os") + raw(b"system") + b"\x93", "name is no text"),
    "getattr": (b"cbuiltins\ngetattr\n", "asks for builtins.getattr"),
    "operator": (b"coperator\nattrgetter\n", "asks for operator.attrgetter"),
    "codecs": (b"ccodecs\ndecode\n", "asks for codecs.decode"),
    "encode with rot13": (b"c_codecs\nencode\n" + text("os") + text("rot13") + b"\x86R", "latin1"),
    "encode with zlib": (b"c_codecs\nencode\n" + raw(b"x" * 99) + text("zlib") + b"\x86R", "latin1"),
    "encode beyond latin1": (b"c_codecs\nencode\n" + text("\u20ac") + text("latin1") + b"\x86R", "latin1"),
    "a strange base": (b"ccopyreg\n_reconstructor\n(cargparse\nNamespace\ncnumpy\nndarray\nNtR", "strange base"),
    "a rebuilt function": (b"ccopyreg\n_reconstructor\n(ctorch.storage\n_load_from_bytes\ncbuiltins\nobject\nNtR", "makes an object of torch.storage"),
    "a type from a call": (b"cbuiltins\ntype\n", "asks for builtins.type"),
    "calling a class that is no function": (b"cnumpy\nndarray\n)R", "numpy.ndarray, which is no function"),
    "calling a string": (text("posix.system") + b")R", "calls a str"),
    "calling with a list": (b"ccollections\nOrderedDict\n]R", "calls a Named"),
    "calling what a call made": (b"ccollections\nOrderedDict\n)R)R", "calls a OrderedMap"),
    "making a function": (b"c_codecs\nencode\n)\x81", "makes an object of _codecs.encode"),
    "named arguments": (b"cargparse\nNamespace\n)}" + text("x") + b"K\1s\x92", "named arguments"),
    "named arguments of another kind": (b"cargparse\nNamespace\n))\x92", "named arguments"),
    "setting a function's attribute": (b"ctorch._utils\n_rebuild_tensor_v2\n" + SET_STATE, "sets attributes of torch._utils._rebuild_tensor_v2"),
    "setting a class's attribute": (b"cdnnlib.util\nEasyDict\n" + SET_STATE, "sets attributes of dnnlib.util.EasyDict"),
    "setting a dict's attribute": (b"}" + SET_STATE, "sets attributes of dict"),
    "setting a number's attribute": (b"K\1" + SET_STATE, "sets attributes of int"),
    "slots": (b"cargparse\nNamespace\n)\x81N}\x86b", "to a tuple"),
    "a state set twice": (b"cdnnlib.tflib.network\nNetwork\n)\x81" + SET_STATE + SET_STATE, "sets attributes of dnnlib"),
    "a state for a persistent object": (b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n}\x85R" + SET_STATE, "sets attributes of torch_utils"),
    "an instance of a function": (b"(ic_codecs\nencode\n".replace(b"ic_", b"i_"), "makes an object of _codecs.encode"),
    "an instance of nothing": (b"(o", "makes an object of a NoneType"),
    "an instance of a number": (b"(K\1o", "makes an object of a int"),
    "a registered extension": (b"\x82\1", "registered extension"),
    "a wide extension": (b"\x84\1\0\0\0", "registered extension"),
    "data elsewhere": (b"K\1Q", "outside itself"),
    "data elsewhere, as a line": (b"Pabc\n", "outside itself"),
    "a buffer elsewhere": (b"\x97", "outside itself"),
    "a memo that was never set": (b"h\5", "memo 5, which was never set"),
    "a memo with no number": (b"Np-1\n", "no number"),
    "a memo of a mark": (b"(q\0", "uses a value where there is none"),
    "copying below a mark": (b"N(2", "uses a value where there is none"),
    "taking below a mark": (b"N(\x85", "where there is none"),
    "a mark that is not there": (b"1", "mark where there is none"),
    "a call below a mark": (b"ccollections\nOrderedDict\n()R", "where there is none"),
    "items for a number": (b"K\1(NNu", "sets items of a int"),
    "items for a tuple": (b")Na", "appends to a tuple"),
    "items for a name": (b"cnumpy\ndtype\n(NNu", "sets items of a Named"),
    "half an item": (b"}(Nu", "sets items"),
    "a list as a key": (b"}]Ns", "uses a list as a key"),
    "a huge number as a key": (b"}" + long(2**61 - 1) + b"Ns", "number too large as a key"),
    "a list in a set": (b"\x8f(]\x90", "uses a list as a key"),
    "a tuple in a frozen set": (b"()\x91", "uses a tuple as a key"),
    "a name as a key": (b"}cnumpy\ndtype\nNs", "uses a Named as a key"),
    "two values": (b"NN", "leaves more than one value"),
    "an open mark": (b"(N", "where there is none|more than one"),
    "an array that is never filled": (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR", "never filled"),
    "an array of a strange class": (b"cnumpy.core.multiarray\n_reconstruct\n(cargparse\nNamespace\nK\0\x85C\1btR", "strange class"),
    "an array that holds itself": (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btRq\0(K\1)h\0\x89h\0tb", "no dtype"),
    "a list in itself": (b"]q\0h\0a", "contains itself"),
    "a dict in itself through a tuple": (b"}q\0" + text("a") + b"h\0\x85s", "contains itself"),
    "a namespace in its own state": (b"cdnnlib.tflib.network\nNetwork\n)\x81q\0}" + text("a") + b"h\0sb", "contains itself"),
    "a set of itself": (b"\x8fq\0(h\0\x90", "uses a set as a key"),
    "201 lists": (b"]" * 202 + b"a" * 201, "nested more than 200"),
    "bombs through lists": (b"]q\0" + b"".join(b"0]q%c(h%ch%ch%ch%ce" % (i + 1, i, i, i, i) for i in range(30)), "unfolds"),
    "an integer of 65 bytes": (b"\x8a\x41" + b"\1" * 65, "too long"),
    "an integer of minus one byte": (b"\x8b\xff\xff\xff\xff", "too long"),
    "digits without end": (b"L" + b"9" * 3000 + b"L\n", "no number that it could need"),
    "a line without end": (b"ccollections\n" + b"a" * 5000, "does not end"),
    "a text that is cut": (b"X\xff\xff\xff\xffabc", "claims 4294967295 bytes"),
    "surrogates": (b"X\3\0\0\0\xed\xa0\x80", "no UTF-8"),
    "surrogates on a line": (b"V\\ud800\n", "no unicode"),
    "a frame too long": (b"\x95" + b"\xff" * 8, "a frame claims"),
    "an unknown protocol": (b"\x80\x06", "protocol 6"),
    "no opcode at all": (b"\xff", "no pickle opcode 0xff"),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_it_refuses(trick: str) -> None:
    body, why = TRICKS[trick]
    said = refusal(pickled(body))
    assert any(part in said for part in why.split("|")), said
    assert len(said) < 500 and said.isascii() and said.isprintable()


def test_a_memo_that_is_bound_again_changes_nothing_that_was_read() -> None:
    assert loaded(pickled(b"(K\1q\0K\2q\0h\0h\0t")) == (1, 2, 2, 2)


def test_marks_can_be_popped_and_values_doubled() -> None:
    assert loaded(pickled(b"(K\1K\0020(K\3K\0041K\x052t".replace(b"\0020", b"\x020").replace(b"\0041", b"\x041"))) == (
        1,
        5,
        5,
    )
    assert loaded(pickled(b"(0K\7")) == 7


def test_a_pickle_takes_a_bounded_number_of_steps() -> None:
    assert "steps" in refusal(pickled(b"N0" * (MAX_OPS // 2 + 1), b"N"))
    copies = b"](" + b"N" * 200_000 + b"eq\0" + b"0cbuiltins\nset\nh\0\x85R" * 10 + b"0N"
    assert "steps" in refusal(pickled(copies))


def test_texts_are_decoded_once_and_not_for_ever() -> None:
    encode = b"0c_codecs\nencode\nh\0" + text("latin1") + b"\x86R"
    assert "several times its own size" in refusal(pickled(text("a" * 1_000_000), b"q\0", encode * 100))


def test_an_ordered_dict_may_come_as_pairs_and_drops_its_attributes() -> None:
    pairs = b"(]((" + text("a") + b"K\1l(" + text("b") + b"K\2le" + b"t"
    assert loaded(pickled(b"ccollections\nOrderedDict\n", pairs, b"R}", text("_metadata"), b"Nsb")) == {"a": 1, "b": 2}


def test_easy_dicts_and_namespaces_are_dicts() -> None:
    assert loaded(pickled(b"cdnnlib.util\nEasyDict\n)\x81", text("a"), b"K\1s")) == {"a": 1}
    assert loaded(pickled(b"cargparse\nNamespace\n)\x81}", text("a"), b"K\1sb")) == {"a": 1}


def test_what_follows_the_end_is_refused() -> None:
    assert "1 bytes follow its end, at byte 4" in refusal(b"\x80\x03N.N")


def test_a_text_of_nothing_but_escapes_takes_no_time() -> None:
    assert "steps" in refusal(b"S'" + rb"\n" * MAX_OPS + b"'\n.")


@pytest.mark.parametrize("empty", [b"}", b"]", b")"])
def test_as_many_empty_parts_as_there_are_steps_are_read(empty: bytes) -> None:
    assert len(loaded(b"\x80\x04(" + empty * (MAX_OPS - 4) + b"l.")) == MAX_OPS - 4
