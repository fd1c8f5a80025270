/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Colour grading: lift, gamma, gain, contrast, saturation, hue, warmth.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Colour"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0, "IDENTITY": 0.0, "LABEL": "of the whole grading"},
        {"NAME": "lift", "TYPE": "float", "MIN": -0.5, "MAX": 0.5, "DEFAULT": 0.0, "IDENTITY": 0.0, "LABEL": "of the shadows"},
        {"NAME": "gamma", "TYPE": "float", "MIN": 0.2, "MAX": 4.0, "DEFAULT": 1.0, "IDENTITY": 1.0, "LABEL": "of the middle; above 1 lighter"},
        {"NAME": "gain", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 1.0, "IDENTITY": 1.0, "LABEL": "of the lights"},
        {"NAME": "contrast", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 1.0, "IDENTITY": 1.0, "LABEL": "around middle grey"},
        {"NAME": "saturation", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 1.0, "IDENTITY": 1.0, "LABEL": "0 is black and white"},
        {"NAME": "hue", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0, "IDENTITY": 0.0, "LABEL": "turns of the hue circle"},
        {"NAME": "warmth", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0, "IDENTITY": 0.0, "LABEL": "below 0 colder"}
    ]
}*/

#include "color.glsl"

void main() {
    vec3 given = IMG_THIS_PIXEL(inputImage).rgb;
    vec3 color = given * gain + lift * (1.0 - given);
    color = pow(max(color, 0.0), vec3(1.0 / gamma));
    color = (color - 0.5) * contrast + 0.5;
    color *= vec3(1.0 + 0.25 * warmth, 1.0, 1.0 - 0.25 * warmth);
    color = turned(color, hue);
    color = mix(vec3(luma(color)), color, saturation);
    gl_FragColor = vec4(mix(given, clamp(color, 0.0, 1.0), amount), 1.0);
}
