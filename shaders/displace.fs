/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The picture under moving water: a flow of bent waves pushes it about and parts its colours.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35, "IDENTITY": 0.0, "LABEL": "how far it pushes"},
        {"NAME": "scale", "TYPE": "float", "MIN": 0.5, "MAX": 12.0, "DEFAULT": 2.5, "LABEL": "waves across the picture"},
        {"NAME": "speed", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.08, "LABEL": "of the flow, rounds a second"},
        {"NAME": "parting", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.15, "LABEL": "of red from blue"}
    ],
    "PASSES": [{"TARGET": "flowing", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"}, {}]
}*/

#include "motion.glsl"
#include "sampling.glsl"

// Waves that bend waves. Whole multiples of t only, so that the flow goes round without a seam.
vec2 flow(vec2 p, float t) {
    vec2 bent = p + 0.6 * vec2(sin(p.y * 1.7 + t), cos(p.x * 1.5 - t));
    bent += 0.4 * vec2(sin(bent.y * 2.9 - 2.0 * t), cos(bent.x * 3.1 + t));
    return vec2(sin(bent.y + bent.x * 0.7 + t), cos(bent.x - bent.y * 0.6 - t));
}

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = next_phase(flowing, speed);
        return;
    }
    vec2 at = isf_FragNormCoord;
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 push = 0.16 * amount * flow((at - 0.5) * shape * scale * 2.2, phase_of(flowing)) / shape;
    vec3 color = vec3(IMG_NORM_PIXEL(inputImage, mirrored(at + push * (1.0 + parting))).r,
                      IMG_NORM_PIXEL(inputImage, mirrored(at + push)).g,
                      IMG_NORM_PIXEL(inputImage, mirrored(at + push * (1.0 - parting))).b);
    gl_FragColor = vec4(color, 1.0);
}
