/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The first pass, drawn only when needed: places voices, fades from picture to picture, and lets a held picture drift.",
    "CREDIT": "latenz",
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "startImage", "TYPE": "image"},
        {"NAME": "progress", "TYPE": "float", "DEFAULT": 1.0, "LABEL": "of the picture over what was there before"},
        {"NAME": "amount", "TYPE": "float", "DEFAULT": 0.0, "LABEL": "of the drift"},
        {"NAME": "drift", "TYPE": "float", "MAX": 403.0, "DEFAULT": 0.0, "LABEL": "seconds of drifting, going round after 128 pi"},
        {"NAME": "corner", "TYPE": "point2D", "DEFAULT": [0.0, 1.0], "LABEL": "left edge and width of this voice on the canvas"},
        {"NAME": "over", "TYPE": "bool", "DEFAULT": true, "LABEL": "fade over what was there, or join it as light"}
    ]
}*/

#include "sampling.glsl"

// Slow waves only: multiples of 1/64 radians a second, so that the drift goes round without a seam.
vec2 drifted(vec2 at) {
    float t = drift / 64.0;
    vec2 bend = vec2(sin(at.y * 5.0 + t * 19.0) + 0.5 * sin(at.y * 11.0 - at.x * 4.0 - t * 31.0),
                     sin(at.x * 4.0 - t * 23.0) + 0.5 * sin(at.x * 9.0 + at.y * 5.0 + t * 29.0));
    float zoom = 1.0 - 0.06 * amount * (1.0 - cos(t * 9.0));
    return mirrored((at - 0.5) * zoom + 0.5 + 0.014 * amount * bend);
}

void main() {
    vec2 at = isf_FragNormCoord;
    vec3 color = IMG_NORM_PIXEL(inputImage, amount > 0.0 ? drifted(at) : at).rgb;
    if (over) {
        if (progress < 1.0) {
            vec3 before = IMG_NORM_PIXEL(startImage, vec2(corner.x + at.x * corner.y, at.y)).rgb;
            color = mix(before, color, progress);
        }
    } else {
        color *= progress;
    }
    gl_FragColor = vec4(color, 1.0);
}
