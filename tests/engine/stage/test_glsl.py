"""Laws of the GLSL that is made of an effect, and of finding a complaint's place again."""

from pathlib import Path

import pytest

from engine.stage.glsl import Sources, image_names, sources
from engine.stage.isf import parse_isf

HERE = Path("/shows/mine.fs")
MADE = Sources("", "", (HERE, Path("/shaders/include/color.glsl")))


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("fragment_shader\n====\n0:10012(5): error: `x' undeclared\n", "/shows/mine.fs:12: error: `x' undeclared"),
        ('0(10012) : error C1008: undefined variable "x"\n', '/shows/mine.fs:12: error C1008: undefined variable "x"'),
        ("ERROR: 0:10012: 'x' : undeclared identifier\n", "/shows/mine.fs:12: 'x' : undeclared identifier"),
        ("0:20003(1): error: bad\n", "/shaders/include/color.glsl:3: error: bad"),
        ("0:10002(1): warning: meh\n0:10012(5): error: bad\n", "/shows/mine.fs:12: error: bad"),
        ("out of luck", "/shows/mine.fs: out of luck"),
    ],
)
def test_complaints_of_every_driver_name_the_file_and_line(log: str, told: str) -> None:
    assert MADE.explain(log) == told


def test_words_of_isf_become_glsl() -> None:
    text = """/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}], "PASSES": [{"TARGET": "b"}, {}]}*/
varying vec2 v;
void main() {
    vec2 s = IMG_SIZE(b);
    gl_FragColor = IMG_THIS_NORM_PIXEL( inputImage ) + IMG_NORM_PIXEL(b, v) + IMG_PIXEL(b, s) + texture2D(b, v);
}"""
    isf = parse_isf(text, HERE)
    made = sources(isf).fragment
    assert image_names(isf) == ["inputImage", "b"]
    assert "in vec2 v;" in made
    assert "vec2 s = vec2(textureSize(b, 0));" in made
    assert (
        "isf_FragColor = texture(inputImage, isf_FragNormCoord) + texture(b, v) + isf_pixel(b, s) + texture(b, v);"
        in made
    )
    assert "#line 10001\n\nvarying".replace("varying", "in") in made


def test_every_pass_knows_its_number_and_nothing_newer_than_3_3_is_asked_for() -> None:
    vertex, fragment = sources(parse_isf("/*{}*/void main() {}", HERE)).numbered(3)
    assert vertex.startswith("#version 330\n") and fragment.startswith("#version 330\n")
    assert "const int PASSINDEX = 3;" in fragment
