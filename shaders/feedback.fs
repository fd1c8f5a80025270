/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The picture flies into its own past: zooming, turning, changing colour. Bright things leave long wakes.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8, "IDENTITY": 0.0, "LABEL": "how much of the past shows"},
        {"NAME": "keep", "TYPE": "float", "MIN": 0.0, "MAX": 0.99, "DEFAULT": 0.94, "LABEL": "what is left of the past after a tenth of a second"},
        {"NAME": "zoom", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.35, "LABEL": "flight, doublings a second; below 0 it falls inwards"},
        {"NAME": "rotate", "TYPE": "float", "MIN": -0.5, "MAX": 0.5, "DEFAULT": 0.02, "LABEL": "turns a second"},
        {"NAME": "hue", "TYPE": "float", "MIN": -2.0, "MAX": 2.0, "DEFAULT": 0.15, "LABEL": "hue circles a second in the past"},
        {"NAME": "center", "TYPE": "point2D", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.5, 0.5], "LABEL": "where it flies to"}
    ],
    "PASSES": [{"TARGET": "past", "PERSISTENT": true, "FLOAT": true}]
}*/

#include "color.glsl"
#include "sampling.glsl"

flat varying vec4 flight;
flat varying vec2 tint;

void main() {
    float aspect = RENDERSIZE.x / RENDERSIZE.y;
    vec2 arm = (isf_FragNormCoord - center) * vec2(aspect, 1.0) * flight.z;
    vec2 from = vec2(flight.x * arm.x - flight.y * arm.y, flight.y * arm.x + flight.x * arm.y) / vec2(aspect, 1.0) + center;
    vec3 now = sound(IMG_THIS_PIXEL(inputImage).rgb);
    vec3 past_color = sound(IMG_NORM_PIXEL(past, mirrored(from)).rgb);
    vec3 before = clamp(turned(past_color, tint), 0.0, 1.0);
    // A clipped turn would add light. The wake must never grow by itself, so it gets no more than it had.
    before *= min(1.0, dot(past_color, vec3(1.0)) / max(dot(before, vec3(1.0)), 1e-4)) * flight.w;
    float wins = clamp(0.5 + 4.0 * (luma(before) - luma(now)), 0.0, 1.0);
    gl_FragColor = vec4(mix(now, before, wins * amount), 1.0);
}
