/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The last pass of every show: fits the picture into the output, with gain and blackout.",
    "CREDIT": "latenz",
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "blackout", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0, "LABEL": "0 the picture, 1 black"},
        {"NAME": "gain", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.0, "LABEL": "brightness, 1 as drawn"},
        {"NAME": "fit", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["contain", "cover"], "DEFAULT": 0,
         "LABEL": "0 the whole picture with borders, 1 fill the output and crop"}
    ]
}*/

#include "sampling.glsl"

// The stage compiles this twice. Software OpenGL runs both sides of a branch, so the choice cannot be an input.
#ifdef SHARP
#define READ bicubic
#else
#define READ texture
#endif

void main() {
    vec2 picture = IMG_SIZE(inputImage);
    vec2 ratio = RENDERSIZE / picture;
    float scale = fit == 1 ? max(ratio.x, ratio.y) : min(ratio.x, ratio.y);
    vec2 at = (isf_FragNormCoord - 0.5) * ratio / scale + 0.5;
    vec3 color = vec3(0.0);
    if (all(greaterThanEqual(at, vec2(0.0))) && all(lessThanEqual(at, vec2(1.0)))) {
        color = READ(inputImage, at).rgb;
    }
    gl_FragColor = vec4(color * gain * (1.0 - blackout), 1.0);
}
