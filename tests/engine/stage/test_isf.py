"""Laws of reading ISF files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ShaderError
from engine.stage.isf import TYPES, load_isf, parse_isf

HERE = Path("/shows/mine/effect.fs")


def header(**keys: object) -> str:
    return f"/*{json.dumps({'ISFVSN': '2', **keys})}*/\nvoid main() {{}}\n"


def test_every_type_of_input_is_read() -> None:
    rows = [{"NAME": f"in_{kind}", "TYPE": kind} for kind in TYPES]
    inputs = {i.name: i for i in parse_isf(header(INPUTS=rows), HERE).inputs}
    assert inputs["in_float"].default == (0.0,) and inputs["in_float"].high == (1.0,)
    assert inputs["in_color"].default == (1.0, 1.0, 1.0, 1.0)
    assert len(inputs["in_point2D"].default) == 2
    assert inputs["in_image"].default == ()
    assert inputs["in_long"].values == (0, 1)


def test_comments_and_trailing_commas_are_tolerated_but_not_inside_texts() -> None:
    text = '/*{\n// a comment\n"DESCRIPTION": "see http://x,]",\n"INPUTS": [{"NAME": "a", "TYPE": "float",},],}*/'
    isf = parse_isf(text, HERE)
    assert isf.description == "see http://x,]"
    assert isf.inputs[0].name == "a"


def test_the_body_knows_its_line() -> None:
    isf = parse_isf('// no\n/*{\n"ISFVSN": "2"\n}*/\nvoid main() {}'.removeprefix("// no\n"), HERE)
    assert isf.body_line == 3
    assert isf.body.startswith("\nvoid")


def test_version_1_buffers_are_persistent() -> None:
    text = '/*{"PERSISTENT_BUFFERS": {"old": {"WIDTH": "$WIDTH/2"}}, "PASSES": [{"TARGET": "old"}, {}]}*/'
    isf = parse_isf(text, HERE)
    assert isf.version == 1
    assert isf.passes[0].persistent
    assert isf.passes[0].width is not None and isf.passes[0].width.pixels({"WIDTH": 64.0}) == 32
    assert parse_isf('/*{"PERSISTENT_BUFFERS": ["old"], "PASSES": [{"TARGET": "old"}]}*/', HERE).passes[0].persistent


def test_a_default_is_held_inside_its_range() -> None:
    isf = parse_isf(header(INPUTS=[{"NAME": "a", "TYPE": "float", "MIN": 2, "MAX": 3, "DEFAULT": 9}]), HERE)
    assert isf.inputs[0].default == (3.0,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("void main() {}", ":1: no ISF header"),
        ("/*{\n\n oh }*/", ":3: the ISF header is not JSON"),
        ("/*[1]*/", "not a JSON object"),
        ('/*{"a": NaN}*/', "NaN"),
        ("/*" + "[" * 20000 + "*/", "not JSON"),
        (header(INPUTS=[{"NAME": "a b", "TYPE": "float"}]), "not a name"),
        (header(INPUTS=[{"NAME": "vec4", "TYPE": "float"}]), "is a word of GLSL"),
        (header(INPUTS=[{"NAME": "gl_x", "TYPE": "float"}]), "is reserved"),
        (header(INPUTS=[{"NAME": "a", "TYPE": "double"}]), "allowed are event, bool"),
        (header(INPUTS=[{"NAME": "a", "TYPE": "float", "MAX": "x"}]), "expected a number"),
        (header(INPUTS=[{"NAME": "a", "TYPE": "float", "MIN": 3}]), "is above MAX"),
        (header(INPUTS=[{"NAME": "a", "TYPE": "long", "VALUES": ["x"]}]), "whole numbers"),
        (header(INPUTS=[{"NAME": "a", "TYPE": "float"}] * 2), "used twice"),
        (header(INPUTS=3), "not a list of objects"),
        (header(PASSES=[{"TARGET": "b", "WIDTH": "$nope"}]), r"no \$nope"),
        (header(PASSES=[{"TARGET": "b", "WIDTH": "2 +"}]), "size equation"),
        (header(PASSES=[{}] * 40), "32 are allowed"),
        (header(IMPORTED={"tex": {"PATH": "../../etc/passwd"}}), "outside the effect's folder"),
        (header(IMPORTED={"tex": {}}), "has no PATH"),
    ],
)
def test_a_broken_header_says_where_and_what(text: str, told: str) -> None:
    with pytest.raises(ShaderError, match=told) as caught:
        parse_isf(text, HERE)
    assert str(caught.value).startswith(f"{HERE}:")


def test_an_error_names_the_line_of_the_input() -> None:
    text = '/*{\n"INPUTS": [\n{"NAME": "one", "TYPE": "float"},\n{"NAME": "two", "TYPE": "flaot"}]}*/'
    with pytest.raises(ShaderError, match=r'effect.fs:4: input "two"'):
        parse_isf(text, HERE)


def test_files_that_cannot_be_read_are_shader_errors(tmp_path: Path) -> None:
    with pytest.raises(ShaderError, match="cannot be read"):
        load_isf(tmp_path / "none.fs")
    (tmp_path / "binary.fs").write_bytes(b"/*\xff\xfe*/")
    with pytest.raises(ShaderError, match="not UTF-8"):
        load_isf(tmp_path / "binary.fs")
    (tmp_path / "huge.fs").write_bytes(b" " * (2 << 20))
    with pytest.raises(ShaderError, match="larger than"):
        load_isf(tmp_path / "huge.fs")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["NAME", "TYPE", "MIN", "MAX", "DEFAULT", "VALUES", "TARGET", "PATH"]), inner)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["ISFVSN", "INPUTS", "PASSES", "IMPORTED", "PERSISTENT_BUFFERS", "DESCRIPTION"])


@given(st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(st.sampled_from(["NAME", "TYPE", "MIN", "MAX"]), JSON))))
def test_any_header_parses_or_is_a_shader_error(data: dict[str, object]) -> None:
    try:
        isf = parse_isf(f"/*{json.dumps(data)}*/", HERE)
    except ShaderError:
        return
    for one in isf.inputs:
        assert len(one.default) == len(one.low) == len(one.high)
        assert all(a <= d <= b for a, d, b in zip(one.low, one.default, one.high, strict=True))


@given(st.text(max_size=200))
def test_any_text_parses_or_is_a_shader_error(text: str) -> None:
    for whole in (text, f"/*{text}*/", "/*{" + text + "}*/"):
        try:
            parse_isf(whole, HERE)
        except ShaderError:
            continue
