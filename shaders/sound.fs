/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The sound itself as a ring of light: its spectrum around, its wave along the ring.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Light", "Sound"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "LABEL": "heard"},
        {"NAME": "wave", "TYPE": "audio", "LABEL": "heard"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.9, "IDENTITY": 0.0, "LABEL": "light of the ring"},
        {"NAME": "radius", "TYPE": "float", "MIN": 0.1, "MAX": 0.9, "DEFAULT": 0.42, "LABEL": "of the ring at rest, in half heights"},
        {"NAME": "reach", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4, "LABEL": "how far the spectrum pushes it out"},
        {"NAME": "width", "TYPE": "float", "MIN": 0.2, "MAX": 4.0, "DEFAULT": 1.0, "LABEL": "of the line"},
        {"NAME": "ink", "TYPE": "color", "DEFAULT": [1.0, 0.93, 0.82, 1.0], "LABEL": "of the ring; alpha 0 takes the picture's own colours"}
    ]
}*/

#include "color.glsl"

void main() {
    vec3 given = IMG_THIS_PIXEL(inputImage).rgb;
    vec2 place = (isf_FragNormCoord - 0.5) * vec2(2.0 * RENDERSIZE.x / RENDERSIZE.y, 2.0);
    float turn = abs(atan(place.x, -place.y)) / 3.14159265;  // 0 below, 1 above: both halves alike
    // Octaves around the ring: most of what is heard lies in the lowest columns.
    float column = exp2(mix(-8.5, -1.2, turn));
    float level = IMG_NORM_PIXEL(spectrum, vec2(column, 0.5)).r;
    float ripple = IMG_NORM_PIXEL(wave, vec2(fract(turn), 0.5)).r - 0.5;
    float ring = radius + reach * level * level + 0.08 * ripple;
    float off = (length(place) - ring) / (0.012 * width);
    float light = 1.0 / (1.0 + off * off) + 0.25 * exp(-0.02 * off * off);
    vec3 own = given / max(max(given.r, max(given.g, given.b)), 0.05);
    gl_FragColor = vec4(screen(given, clamp(amount * light * (0.25 + level), 0.0, 1.0) * mix(own, ink.rgb, ink.a)), 1.0);
}
