"""Laws of what can be played on effects, known without OpenGL."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ShaderError
from engine.paths import data_dir
from engine.stage.effects import EffectSpec, effect_controls, find_shader, output_controls, shipped_shaders
from engine.stage.isf import IMAGES, load_isf
from tests.engine.stage.scene import effect_file


def test_each_input_is_a_control_with_its_range(tmp_path: Path) -> None:
    inputs = """{"NAME": "far", "TYPE": "float", "MIN": -2, "MAX": 4, "DEFAULT": 1, "LABEL": "how far"},
        {"NAME": "flash", "TYPE": "event"}, {"NAME": "on", "TYPE": "bool", "DEFAULT": true},
        {"NAME": "at", "TYPE": "point2D", "DEFAULT": [0.25, 0.5]}, {"NAME": "ink", "TYPE": "color"},
        {"NAME": "mode", "TYPE": "long", "VALUES": [2, 4, 8], "DEFAULT": 4}"""
    rows = {c.address: c for c in effect_controls([effect_file(tmp_path, "", inputs)])}
    far = rows["/effect/1/far"]
    assert (far.default, far.low, far.high, far.about) == (1.0, -2.0, 4.0, "how far")
    assert rows["/effect/1/flash"].kind == "event"
    assert rows["/effect/1/on"].default == 1.0
    assert (rows["/effect/1/at/x"].default, rows["/effect/1/at/y"].default) == (0.25, 0.5)
    assert [a for a in rows if "/ink/" in a] == [f"/effect/1/ink/{part}" for part in "rgba"]
    assert (rows["/effect/1/mode"].low, rows["/effect/1/mode"].high) == (2.0, 8.0)
    assert not any("inputImage" in address for address in rows)


def test_the_show_sets_defaults() -> None:
    spec = EffectSpec("feedback.fs", find_shader("feedback.fs"), {"amount": 0.4, "center": (0.1, 0.9)})
    rows = {c.address: c.default for c in effect_controls([spec, spec])}
    assert rows["/effect/2/amount"] == 0.4
    assert rows["/effect/1/center/y"] == 0.9


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"amout": 1.0}, 'no input "amout"; did you mean "amount"'),
        ({"amount": 7.0}, "is 7; allowed are 0 to 1"),
        ({"amount": (1.0, 2.0)}, "takes 1 numbers, 2 are given"),
        ({"inputImage": 1.0}, 'no input "inputImage"'),
    ],
)
def test_a_wrong_input_is_told_with_what_is_allowed(inputs: dict[str, float], told: str) -> None:
    with pytest.raises(ShaderError, match=told):
        effect_controls([EffectSpec("feedback.fs", find_shader("feedback.fs"), inputs)])


def test_a_shader_is_found_in_the_show_first(tmp_path: Path) -> None:
    assert find_shader("bloom.fs", tmp_path).parent != tmp_path
    effect_file(tmp_path, "", name="bloom.fs")
    assert find_shader("bloom.fs", tmp_path).parent == tmp_path


@pytest.mark.parametrize("name", ["../engine/cli.py", "/etc/passwd", "include/color.glsl", "", "blom.fs"])
def test_nothing_else_is_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(ShaderError, match="no effect"):
        find_shader(name, tmp_path)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(ShaderError, match='did you mean "bloom.fs"'):
        find_shader("blom.fs")


def test_every_shipped_effect_explains_itself_and_can_be_faded_out() -> None:
    assert {"feedback.fs", "bloom.fs", "grade.fs", "mirror.fs", "displace.fs", "trails.fs"} <= set(shipped_shaders())
    for name in shipped_shaders():
        isf = load_isf(find_shader(name))
        assert isf.description and isf.version == 2
        assert all(i.label != i.name for i in isf.inputs if i.type not in IMAGES), f"{name}: an input without a LABEL"
        assert "/effect/1/amount" in {c.address for c in effect_controls([EffectSpec(name, isf.path)])}


def test_the_table_of_effects_lists_every_input_as_it_is() -> None:
    table = (data_dir("shaders") / "README.md").read_text(encoding="utf-8")
    for name in shipped_shaders():
        part = table.partition(f"## {name}\n")[2].partition("\n## ")[0]
        isf = load_isf(find_shader(name))
        assert isf.description in part, name
        for one in (i for i in isf.inputs if i.type not in IMAGES):
            row = next((line for line in part.splitlines() if line.startswith(f"| `{one.name}`")), "")
            assert one.label in row, f"{name}: {one.name}"
            assert f"| {' '.join(f'{v:g}' for v in one.default)} |" in row, f"{name}: {one.name}"


def test_the_output_has_its_controls() -> None:
    rows = {c.address: c.default for c in output_controls()}
    assert rows["/output/gain"] == 1.0
    assert [rows[f"/output/{name}"] for name in ("blackout", "freeze", "fit", "layout", "blend", "sharp")] == [0.0] * 6


def test_effects_are_known_without_opengl_and_torch() -> None:
    code = "import sys, engine.stage.effects; print([m for m in ('moderngl', 'glfw', 'torch') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
