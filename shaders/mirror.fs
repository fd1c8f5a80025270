/*{
    "ISFVSN": "2",
    "DESCRIPTION": "A kaleidoscope of any number of mirrors; with one, the left half meets itself.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0, "IDENTITY": 0.0, "LABEL": "fades from the picture to its mirrors"},
        {"NAME": "segments", "TYPE": "long", "VALUES": [1, 2, 3, 4, 5, 6, 8, 10, 12, 16], "DEFAULT": 6, "LABEL": "mirrors"},
        {"NAME": "spin", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.02, "LABEL": "turns a second of the mirrors"},
        {"NAME": "angle", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0, "LABEL": "turns of the mirrors"},
        {"NAME": "zoom", "TYPE": "float", "MIN": 0.25, "MAX": 4.0, "DEFAULT": 1.0, "LABEL": "of what the mirrors see"},
        {"NAME": "center", "TYPE": "point2D", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.5, 0.5], "LABEL": "where the mirrors meet"}
    ],
    "PASSES": [{"TARGET": "turning", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"}, {}]
}*/

#include "motion.glsl"
#include "sampling.glsl"

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = next_phase(turning, spin);
        return;
    }
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 arm = (isf_FragNormCoord - center) * shape;
    float wedge = 3.14159265 / float(segments);
    float start = 6.2831853 * angle + phase_of(turning);
    float turn = mod(atan(arm.x, arm.y) - start, 2.0 * wedge);
    turn = min(turn, 2.0 * wedge - turn) + start;
    vec2 seen = length(arm) * vec2(sin(turn), cos(turn)) / shape / zoom + center;
    vec3 color = mix(IMG_THIS_PIXEL(inputImage).rgb, IMG_NORM_PIXEL(inputImage, mirrored(seen)).rgb, amount);
    gl_FragColor = vec4(color, 1.0);
}
