"""Turns an ISF effect into GLSL 3.30, so that compilers' complaints name the line of the user's own file."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ShaderError
from engine.paths import data_dir
from engine.stage.isf import IMAGES, Isf

_UNIFORMS = {"event": "bool", "bool": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4"}
_COMMON = """uniform vec2 RENDERSIZE;
uniform float TIME;
uniform float TIMEDELTA;
uniform vec4 DATE;
uniform int FRAMEINDEX;
#define vv_FragNormCoord isf_FragNormCoord
#define vv_vertShaderInit isf_vertShaderInit
"""
_FRAGMENT = """in vec2 isf_FragNormCoord;
out vec4 isf_FragColor;
vec4 isf_pixel(sampler2D image, vec2 at_px) { return texture(image, at_px / vec2(textureSize(image, 0))); }
"""
# One triangle that covers the picture, made from the vertex number: no buffers to keep.
_VERTEX = """out vec2 isf_FragNormCoord;
void isf_vertShaderInit() {
    isf_FragNormCoord = vec2(float((gl_VertexID & 1) << 1), float(gl_VertexID & 2));
    gl_Position = vec4(isf_FragNormCoord * 2.0 - 1.0, 0.0, 1.0);
}
"""
_MAIN = "void main() { isf_vertShaderInit(); }\n"
_REWRITES = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\bIMG_NORM_PIXEL\s*\(", "texture("),
        (r"\bIMG_PIXEL\s*\(", "isf_pixel("),
        (r"\bIMG_THIS_(?:NORM_)?PIXEL\s*\(\s*(\w+)\s*\)", r"texture(\1, isf_FragNormCoord)"),
        (r"\bIMG_SIZE\s*\(\s*(\w+)\s*\)", r"vec2(textureSize(\1, 0))"),
        (r"\btexture2D(?:Rect)?\s*\(", "texture("),
        (r"\bgl_FragColor\b", "isf_FragColor"),
        (r"(?m)^[ \t]*#[ \t]*version\b.*$", ""),
    )
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]+(.*)$", re.MULTILINE)
# Compilers lose the file number of #line (Mesa does for meaning, not for grammar), so the file is in the line number.
_PER_FILE = 10_000
_PLACE = re.compile(r"(?m)^(?:ERROR: |WARNING: )?\d+[:(](\d+)\)?(?:\(\d+\))?\s*:?\s*")


@dataclass(frozen=True, slots=True)
class Sources:
    """What goes to the compiler, and the files it was made of, in the order of their numbers from 1."""

    vertex: str
    fragment: str
    files: tuple[Path, ...]

    def numbered(self, index: int) -> tuple[str, str]:
        """Vertex and fragment shader of one pass.

        PASSINDEX is a constant in each: processors that draw run both sides of a branch, so a pass would cost the sum.
        """
        head = f"#version 330\nconst int PASSINDEX = {index};\n"
        return head + self.vertex, head + self.fragment

    def explain(self, log: str) -> str:
        """The first complaint of a compiler's log with our file and line in front."""

        def place(match: re.Match[str]) -> str:
            number, line = divmod(int(match[1]), _PER_FILE)
            return f"{self.files[number - 1]}:{line}: " if 0 < number <= len(self.files) else ""

        lines = [line.strip() for line in _PLACE.sub(place, log).splitlines() if line.strip()]
        named = [line for line in lines if any(line.startswith(f"{path}:") for path in self.files)]
        told = [line for line in named if "error" in line.lower()] or named
        return told[0] if told else f"{self.files[0]}: {lines[-1] if lines else 'does not compile'}"


def sources(isf: Isf, define: str = "") -> Sources:
    """The GLSL of an effect, with a macro of ours defined. ShaderError when an include is not there."""
    files = [isf.path]
    if isf.vertex:
        files.append(isf.path.with_suffix(".vs"))
    declared = "".join(_declarations(isf))
    body = _expand(isf.body, 1, isf.body_line, files)
    macro = f"#define {define}\n" if define else ""
    fragment = f"{_COMMON}{macro}{_FRAGMENT}{declared}{_rewritten(body, 'in')}\n"
    vertex = _expand(isf.vertex, 2, 1, files) if isf.vertex else _MAIN
    return Sources(f"{_COMMON}{_VERTEX}{declared}{_rewritten(vertex, 'out')}\n", fragment, tuple(files))


def image_names(isf: Isf) -> list[str]:
    """Every sampler of an effect: image inputs, buffers and imported images, in a fixed order."""
    targets = dict.fromkeys(p.target for p in isf.passes if p.target)
    return [i.name for i in isf.inputs if i.type in IMAGES] + list(targets) + list(isf.images)


def _declarations(isf: Isf) -> list[str]:
    plain = [f"uniform {_UNIFORMS[i.type]} {i.name};\n" for i in isf.inputs if i.type not in IMAGES]
    return plain + [f"uniform sampler2D {name};\n" for name in image_names(isf)]


def _rewritten(text: str, varying: str) -> str:
    for pattern, new in _REWRITES:
        text = pattern.sub(new, text)
    return re.sub(r"\bvarying\b", varying, text)


def _expand(text: str, number: int, line: int, files: list[Path]) -> str:
    """Replace `#include "name.glsl"` by the file, once; tell the compiler where each line comes from."""
    parts, at = [f"#line {number * _PER_FILE + line}\n"], 0
    for match in _INCLUDE.finditer(text):
        here = line + text.count("\n", 0, match.start())
        parts += [text[at : match.start()], _included(match[1], f"{files[number - 1]}:{here}", files)]
        parts.append(f"\n#line {number * _PER_FILE + here + 1}")
        at = match.end()
    return "".join([*parts, text[at:]])


def _included(given: str, where: str, files: list[Path]) -> str:
    quoted = re.match(r'"(\w[\w.-]*\.glsl)"\s*(?://.*)?$', given)
    folder = data_dir("shaders") / "include"
    there = sorted(p.name for p in folder.glob("*.glsl"))
    if not quoted or quoted[1] not in there:
        raise ShaderError(f"{where}: no include {given.strip()[:60]}; allowed are {', '.join(there)} in quotes")
    path = folder / quoted[1]
    if path in files:
        return ""
    files.append(path)
    return _expand(path.read_text(encoding="utf-8"), len(files), 1, files)
