"""Which names an effect may give to its inputs, buffers and images: those that are free in GLSL."""

import re
from typing import Any

BUILT_IN = frozenset(
    "PASSINDEX RENDERSIZE TIME TIMEDELTA DATE FRAMEINDEX isf_FragNormCoord isf_FragColor vv_FragNormCoord "
    "isf_vertShaderInit vv_vertShaderInit isf_pixel isf_size main".split()
)
KEYWORDS = frozenset(
    """attribute const uniform varying buffer shared coherent volatile restrict readonly writeonly layout centroid flat
    smooth noperspective patch sample break continue do for while switch case default if else subroutine in out inout
    float double int void bool true false invariant precise discard return mat2 mat3 mat4 vec2 vec3 vec4 ivec2 ivec3
    ivec4 bvec2 bvec3 bvec4 uint uvec2 uvec3 uvec4 lowp mediump highp precision sampler1D sampler2D sampler3D
    samplerCube struct common partition active asm class union enum typedef template this resource goto inline noinline
    public static extern external interface long short half fixed unsigned superp input output filter texture
    texture2D cast namespace using row_major mix step sin cos""".split()
)


def check_name(given: Any) -> str:
    """Why this cannot be a name in a shader; empty when it can."""
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z_]\w{0,62}", given, re.ASCII):
        shown = repr(given) if len(repr(given)) < 60 else repr(given)[:57] + "..."
        return f"{shown} is not a name (letters, digits and _, at most 63, no digit first)"
    if given in BUILT_IN or given in KEYWORDS:
        return f'"{given}" is a word of GLSL or ISF; choose another'
    if given.startswith(("gl_", "IMG_", "_")) or "__" in given:
        return f'"{given}" is reserved (names with gl_, IMG_, a leading _ or __); choose another'
    return ""
