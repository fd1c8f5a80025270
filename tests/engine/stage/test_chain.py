"""Laws of the row of effects: inputs, buffers, hot reload, and what a broken shader may do (nothing)."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.controls import Layout
from engine.stage.effects import EffectSpec, effect_controls, output_controls
from engine.stage.offscreen import Offscreen
from tests.engine.stage.scene import FRAME_S, HEAD, controls, effect_file, flat, play, scene

INVERT = "void main() { gl_FragColor = vec4(1.0 - IMG_THIS_PIXEL(inputImage).rgb, 1.0); }\n"
GREY = "void main() { gl_FragColor = vec4(vec3(level), 1.0); }\n"
LEVEL = '{"NAME": "level", "TYPE": "float", "DEFAULT": 0.5}'
COUNT = """/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}],
"PASSES": [{"TARGET": "count", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"}, {}]}*/
void main() {
    float n = IMG_NORM_PIXEL(count, vec2(0.5)).x;
    gl_FragColor = PASSINDEX == 0 ? vec4(n + 1.0) : vec4(vec3(n / 255.0), 1.0);
}
"""


def show(stage: Offscreen, layout: Layout, frames: int = 1, **levels: float) -> np.ndarray:
    for _ in range(frames):
        stage.present(scene(), controls(layout, **levels), 0.0, FRAME_S)
    return stage.grab().astype(int)


def rewrite(path: Path, text: str) -> None:
    stamp = path.stat().st_mtime_ns
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(stamp + 10**9, stamp + 10**9))


def look(stage: Offscreen, layout: Layout, at_s: float) -> np.ndarray:
    """One frame at a time when the files are looked at again."""
    stage.present(scene(), controls(layout), at_s, FRAME_S)
    return stage.grab().astype(int)


def test_effects_run_in_their_order(stage: Offscreen, tmp_path: Path) -> None:
    invert, grey = effect_file(tmp_path, INVERT), effect_file(tmp_path, GREY, LEVEL, "grey.fs")
    assert np.array_equal(show(stage, play(stage, [invert])), 255 - scene()[0, :, :, :3].astype(int))
    assert (show(stage, play(stage, [grey, invert]), effect_1_level=0.2) == 204).all()
    assert (show(stage, play(stage, [invert, grey]), effect_2_level=0.2) == 51).all()


def test_levels_are_held_inside_their_range_and_never_nan(stage: Offscreen, tmp_path: Path) -> None:
    layout = play(stage, [effect_file(tmp_path, GREY, LEVEL)])
    assert (show(stage, layout, effect_1_level=9.0) == 255).all()
    assert (show(stage, layout, effect_1_level=-9.0) == 0).all()
    assert abs(show(stage, layout, effect_1_level=float("nan")) - 128).max() <= 1


def test_every_type_of_input_reaches_the_shader(stage: Offscreen, tmp_path: Path) -> None:
    inputs = """{"NAME": "ink", "TYPE": "color", "DEFAULT": [0.2, 0.4, 0.6, 1.0]}, {"NAME": "on", "TYPE": "bool"},
        {"NAME": "at", "TYPE": "point2D"}, {"NAME": "mode", "TYPE": "long", "VALUES": [1, 4]}"""
    body = """void main() {
        vec3 color = on ? vec3(at, float(mode) / 4.0) : ink.rgb;
        gl_FragColor = vec4(color, 1.0); }"""
    layout = play(stage, [effect_file(tmp_path, body, inputs)])
    assert show(stage, layout)[0, 0].tolist() == [51, 102, 153]
    played = show(stage, layout, effect_1_on=1.0, effect_1_at_x=1.0, effect_1_at_y=0.2, effect_1_mode=3.2)
    assert played[0, 0].tolist() == [255, 51, 255]


def test_an_event_is_true_for_one_frame(stage: Offscreen, tmp_path: Path) -> None:
    body = "void main() { gl_FragColor = vec4(vec3(flash ? 1.0 : 0.0), 1.0); }"
    layout = play(stage, [effect_file(tmp_path, body, '{"NAME": "flash", "TYPE": "event"}')])
    seen = []
    for events in ([], ["/effect/1/flash"], [], []):
        stage.present(scene(), controls(layout, events), 0.0, FRAME_S)
        seen.append(stage.grab().max() == 255)
    assert seen == [False, True, False, False]


def test_isf_pictures_stand_upright(stage: Offscreen, tmp_path: Path) -> None:
    body = "void main() { gl_FragColor = vec4(isf_FragNormCoord, IMG_PIXEL(inputImage, vec2(1.0)).r, 1.0); }"
    shown = show(stage, play(stage, [effect_file(tmp_path, body)]))
    assert shown[0, 0, 1] > 250 and shown[-1, 0, 1] < 5, "y goes up"
    assert shown[0, -1, 0] > 250 and shown[0, 0, 0] < 5, "x goes right"
    assert (shown[:, :, 2] == scene()[0, -1, 0, 0]).all() or abs(shown[0, 0, 2] - int(scene()[0, -1, 0, 0])) < 12


def test_persistent_buffers_remember(stage: Offscreen, tmp_path: Path) -> None:
    (tmp_path / "count.fs").write_text(COUNT)
    layout = play(stage, [EffectSpec("count.fs", tmp_path / "count.fs")])
    assert [int(show(stage, layout)[0, 0, 0]) for _ in range(3)] == [1, 2, 3]


def test_frozen_effects_stand_still(stage: Offscreen, tmp_path: Path) -> None:
    (tmp_path / "count.fs").write_text(COUNT)
    layout = play(stage, [EffectSpec("count.fs", tmp_path / "count.fs")])
    show(stage, layout, 4)
    assert int(show(stage, layout, 5, output_freeze=1.0)[0, 0, 0]) == 4
    assert int(show(stage, layout)[0, 0, 0]) == 5


def test_buffers_outlive_a_reload_and_a_change_of_the_show(stage: Offscreen, tmp_path: Path) -> None:
    path = tmp_path / "count.fs"
    path.write_text(COUNT)
    specs = [EffectSpec("count.fs", path)]
    layout = play(stage, specs)
    show(stage, layout, 5)
    rewrite(path, COUNT + "// changed\n")
    assert int(look(stage, layout, 10.0)[0, 0, 0]) == 6
    more = [effect_file(tmp_path, "void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }"), *specs]
    wider = Layout([*output_controls(), *effect_controls(more)])
    assert stage.set_effects(more, wider) == []
    assert int(show(stage, wider)[0, 0, 0]) == 7


def test_a_saved_shader_is_swapped_in_and_a_broken_one_keeps_the_last_good(stage: Offscreen, tmp_path: Path) -> None:
    spec = effect_file(tmp_path, GREY, LEVEL)
    layout = play(stage, [spec])
    head = HEAD % (", " + LEVEL)
    assert abs(look(stage, layout, 100.0)[0, 0, 0] - 128) <= 1
    rewrite(spec.path, head + "void main() { gl_FragColor = vec4(1.0); }\n")
    assert look(stage, layout, 101.0)[0, 0, 0] == 255
    rewrite(spec.path, head + "// one\nvoid main() { gl_FragColor = nonsense; }\n")
    assert look(stage, layout, 102.0)[0, 0, 0] == 255
    told = list(stage.problems)
    assert len(told) == 1
    assert told[0].startswith(f"{spec.path}:3:") and "nonsense" in told[0]
    revision = stage.revision
    rewrite(spec.path, HEAD % "" + "void main() { gl_FragColor = vec4(0.0); }\n")
    assert look(stage, layout, 103.0)[0, 0, 0] == 0
    assert not stage.problems and stage.revision == revision + 1


def test_files_are_looked_at_twice_a_second_not_each_frame(stage: Offscreen, tmp_path: Path) -> None:
    spec = effect_file(tmp_path, INVERT)
    layout = play(stage, [spec])
    look(stage, layout, 200.0)
    rewrite(spec.path, HEAD % "" + "void main() { gl_FragColor = vec4(1.0); }\n")
    assert look(stage, layout, 200.3).min() < 255
    assert look(stage, layout, 200.6).min() == 255


def test_a_shader_broken_from_the_start_is_left_out_and_the_others_keep_their_numbers(
    stage: Offscreen, tmp_path: Path
) -> None:
    broken = effect_file(tmp_path, "void main() { oh }", name="broken.fs")
    grey = effect_file(tmp_path, GREY, LEVEL)
    layout = Layout([*output_controls(), *effect_controls([broken, grey])])
    told = stage.set_effects([broken, grey], layout)
    assert len(told) == 1 and told[0].startswith(f"{broken.path}:2:")
    assert (show(stage, layout, effect_2_level=0.2) == 51).all()


def test_a_deleted_shader_plays_on(stage: Offscreen, tmp_path: Path) -> None:
    spec = effect_file(tmp_path, INVERT)
    layout = play(stage, [spec])
    shown = look(stage, layout, 300.0)
    spec.path.unlink()
    assert np.array_equal(look(stage, layout, 301.0), shown)
    assert "cannot be read" in stage.problems[0]


def test_a_shader_too_slow_to_play_is_refused_and_not_tried_again(stage: Offscreen, tmp_path: Path) -> None:
    # Software drivers end a loop after 65,536 rounds, so each round is a heavy one.
    rounds = "sum = sin(sum + 0.1 * float(i));" * 16
    body = f"""void main() {{
        float sum = IMG_THIS_PIXEL(inputImage).r;
        for (int i = 0; i < 60000; i++) {{ {rounds} }}
        gl_FragColor = vec4(sum);
    }}"""
    spec = effect_file(tmp_path, body)
    layout = Layout(output_controls())
    for _ in range(2):
        told = stage.set_effects([spec], layout)
        assert len(told) == 1 and "it is left out until the file changes" in told[0]
    assert np.array_equal(show(stage, layout), scene()[0, :, :, :3])


def test_arrays_reach_effects_and_are_zero_when_nobody_feeds_them(stage: Offscreen, tmp_path: Path) -> None:
    inputs = '{"NAME": "audioFFT", "TYPE": "audioFFT"}, {"NAME": "camera", "TYPE": "image"}'
    body = """void main() {
        float seen = IMG_NORM_PIXEL(camera, vec2(0.5, 0.9)).r;
        gl_FragColor = vec4(IMG_NORM_PIXEL(audioFFT, vec2(0.75, 0.5)).rg, seen, 1.0);
    }"""
    layout = play(stage, [effect_file(tmp_path, body, inputs)])
    assert show(stage, layout)[0, 0].tolist() == [0, 0, 0]
    camera = np.zeros((8, 8, 3), np.uint8)
    camera[:4] = 200  # the upper half
    stage.set_array("camera", camera)
    for value in (0.2, 0.8):
        stage.set_array("audioFFT", np.array([[0.0, value]], np.float32))
        assert show(stage, layout)[0, 0].tolist() == [round(value * 255), round(value * 255), 200]
    stage.rebuild()
    assert show(stage, layout)[0, 0].tolist() == [204, 204, 200]
    with pytest.raises(ValueError, match="expected \\(channels, columns\\) float"):
        stage.set_array("audio", np.zeros(4))
    with pytest.raises(ValueError, match="uint8"):
        stage.set_array("camera", np.zeros((4, 4, 3)))


def test_images_beside_the_effect_are_imported(stage: Offscreen, tmp_path: Path) -> None:
    Image.fromarray(flat((10, 200, 30))[0]).save(tmp_path / "paper.png")
    text = '/*{"IMPORTED": {"paper": {"PATH": "paper.png"}}}*/\nvoid main() { gl_FragColor = IMG_THIS_PIXEL(paper); }'
    path = tmp_path / "paper.fs"
    path.write_text(text)
    layout = play(stage, [EffectSpec("paper.fs", path)])
    assert show(stage, layout)[5, 5].tolist() == [10, 200, 30]
    rewrite(path, text.replace("paper.png", "none.png"))
    assert "none.png" in stage.set_effects([EffectSpec("paper.fs", path)], layout)[0]


def test_version_1_files_and_vertex_shaders_play(stage: Offscreen, tmp_path: Path) -> None:
    (tmp_path / "old.vs").write_text(
        "varying vec2 turned;\nvoid main() { vv_vertShaderInit(); turned = vv_FragNormCoord.yx; }\n"
    )
    (tmp_path / "old.fs").write_text(
        '/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/\nvarying vec2 turned;\n'
        "void main() { gl_FragColor = texture2D(inputImage, vv_FragNormCoord) * 0.0 + vec4(turned, 0.0, 1.0); }\n"
    )
    shown = show(stage, play(stage, [EffectSpec("old.fs", tmp_path / "old.fs")]))
    assert shown[0, 0, 0] > 250 and shown[-1, 0, 0] < 5


def test_an_include_comes_from_the_shipped_folder_only(stage: Offscreen, tmp_path: Path) -> None:
    good = effect_file(
        tmp_path, '#include "color.glsl"\nvoid main() { gl_FragColor = vec4(turned(vec3(1, 0, 0), 0.0), 1); }'
    )
    assert show(stage, play(stage, [good]))[0, 0].tolist() == [255, 0, 0]
    for line in ('#include "../../secret.glsl"', "#include <color.glsl>", '#include "colour.glsl"'):
        bad = effect_file(tmp_path, f"\n{line}\nvoid main() {{}}", name="bad.fs")
        told = stage.set_effects([bad], Layout(output_controls()))
        assert told[0].startswith(f"{bad.path}:3: no include"), told
    late = effect_file(tmp_path, '#include "color.glsl"\nvoid main() { nonsense; }', name="late.fs")
    assert stage.set_effects([late], Layout(()))[0].startswith(f"{late.path}:3:")


def test_time_goes_on_evenly_after_weeks(stage: Offscreen, tmp_path: Path) -> None:
    body = """void main() {
        float rounds = TIME / 0.1;
        gl_FragColor = vec4(fract(rounds), TIME < 7000.0 ? 1.0 : 0.0, TIMEDELTA * 20.0, 1.0); }"""
    layout = play(stage, [effect_file(tmp_path, body)])
    stage.present(scene(), controls(layout), 0.0, 60.0 * 86400.0)
    seen = []
    for n in range(20):
        stage.present(scene(), controls(layout), n * 0.01, 0.01)
        seen.append(int(stage.grab()[0, 0, 0]))
        assert stage.grab()[0, 0, 1] == 255, "TIME has gone round"
    steps = np.diff(seen) % 256
    assert steps.min() > 18 and steps.max() < 33, f"uneven: {steps}"


def test_an_effect_the_layout_does_not_know_rests_at_the_show_s_values(stage: Offscreen, tmp_path: Path) -> None:
    spec = effect_file(tmp_path, GREY, LEVEL)
    spec = EffectSpec(spec.shader, spec.path, {"level": 0.2})
    layout = Layout(output_controls())
    assert stage.set_effects([spec], layout) == []
    assert (show(stage, layout) == 51).all()
