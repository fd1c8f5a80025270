/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Contours drawn in light over the darkened picture.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Light"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8, "IDENTITY": 0.0, "LABEL": "of the drawing"},
        {"NAME": "width", "TYPE": "float", "MIN": 0.5, "MAX": 4.0, "DEFAULT": 1.5, "LABEL": "of the lines, in thousandths of the picture"},
        {"NAME": "gain", "TYPE": "float", "MIN": 0.5, "MAX": 20.0, "DEFAULT": 6.0, "LABEL": "how faint an edge still draws"},
        {"NAME": "dim", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7, "LABEL": "how far the picture under the lines is darkened"},
        {"NAME": "ink", "TYPE": "color", "DEFAULT": [1.0, 0.93, 0.8, 1.0], "LABEL": "of the lines; alpha 0 takes the picture's own colours"}
    ]
}*/

#include "color.glsl"

vec3 near(vec2 off) {
    return IMG_NORM_PIXEL(inputImage, isf_FragNormCoord + off).rgb;
}

void main() {
    vec2 px = 0.001 * width * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    vec3 given = IMG_THIS_PIXEL(inputImage).rgb;
    vec3 across = near(vec2(px.x, 0.0)) - near(vec2(-px.x, 0.0));
    vec3 up = near(vec2(0.0, px.y)) - near(vec2(0.0, -px.y));
    float edge = 1.0 - exp(-gain * sqrt(dot(across, across) + dot(up, up)));
    vec3 own = given / max(max(given.r, max(given.g, given.b)), 0.05);
    vec3 drawn = screen(given * (1.0 - dim), edge * mix(own, ink.rgb, ink.a));
    gl_FragColor = vec4(mix(given, drawn, amount), 1.0);
}
