/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Bright places glow. Blurred at a quarter of the size, so that it stays cheap.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Light"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.7, "IDENTITY": 0.0, "LABEL": "strength of the glow"},
        {"NAME": "threshold", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45, "LABEL": "brightness from which it glows"},
        {"NAME": "radius", "TYPE": "float", "MIN": 0.2, "MAX": 3.0, "DEFAULT": 1.0, "LABEL": "width of the glow"}
    ],
    "PASSES": [
        {"TARGET": "bright", "WIDTH": "ceil($WIDTH / 4)", "HEIGHT": "ceil($HEIGHT / 4)"},
        {"TARGET": "along", "WIDTH": "ceil($WIDTH / 4)", "HEIGHT": "ceil($HEIGHT / 4)"},
        {"TARGET": "glow", "WIDTH": "ceil($WIDTH / 4)", "HEIGHT": "ceil($HEIGHT / 4)"},
        {}
    ]
}*/

#include "color.glsl"

const float WEIGHTS[5] = float[](0.1964826, 0.2969069, 0.0944703, 0.0103814, 0.0004);

vec3 brightest(vec2 at) {
    vec3 color = IMG_NORM_PIXEL(inputImage, at).rgb;
    float level = max(color.r, max(color.g, color.b));
    return color * smoothstep(threshold - 0.15, threshold + 0.25, level);
}

vec3 blurred(sampler2D image, vec2 along) {
    vec3 sum = texture(image, isf_FragNormCoord).rgb * WEIGHTS[0];
    float total = WEIGHTS[0];
    for (int i = 1; i < 5; i++) {
        vec2 off = along * (float(i) * 2.0 - 0.6);
        sum += (texture(image, isf_FragNormCoord + off).rgb + texture(image, isf_FragNormCoord - off).rgb) * WEIGHTS[i];
        total += 2.0 * WEIGHTS[i];
    }
    return sum / total;
}

void main() {
    vec2 step_px = radius * 1.6 / vec2(textureSize(bright, 0));
    if (PASSINDEX == 0) {
        vec2 quarter = 1.0 / IMG_SIZE(inputImage);
        vec2 at = isf_FragNormCoord;
        vec3 sum = brightest(at + quarter * vec2(-1.0, -1.0)) + brightest(at + quarter * vec2(1.0, -1.0))
            + brightest(at + quarter * vec2(-1.0, 1.0)) + brightest(at + quarter * vec2(1.0, 1.0));
        gl_FragColor = vec4(sum * 0.25, 1.0);
    } else if (PASSINDEX == 1) {
        gl_FragColor = vec4(blurred(bright, vec2(step_px.x, 0.0)), 1.0);
    } else if (PASSINDEX == 2) {
        gl_FragColor = vec4(blurred(along, vec2(0.0, step_px.y)), 1.0);
    } else {
        gl_FragColor = vec4(screen(IMG_THIS_PIXEL(inputImage).rgb, IMG_THIS_PIXEL(glow).rgb * amount), 1.0);
    }
}
