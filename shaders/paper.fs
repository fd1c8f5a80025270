/*{
    "ISFVSN": "2",
    "DESCRIPTION": "The picture on an old sheet: grain and fibres, yellowed towards its edges, freckled with age.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Texture"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8, "IDENTITY": 0.0, "LABEL": "of the paper"},
        {"NAME": "grain", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5, "LABEL": "roughness of the sheet"},
        {"NAME": "age", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5, "LABEL": "yellowing and freckles"},
        {"NAME": "pressed", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3, "LABEL": "how far colours have faded into the sheet"}
    ]
}*/

#include "color.glsl"

const vec3 FRESH = vec3(0.97, 0.94, 0.86);
const vec3 OLD = vec3(0.86, 0.72, 0.50);

float hash(vec2 cell) {
    vec3 p = fract(cell.xyx * vec3(0.1031, 0.1030, 0.0973));
    p += dot(p, p.yzx + 33.33);
    return fract((p.x + p.y) * p.z);
}

// Value noise, 0..1.
float noise(vec2 at) {
    vec2 cell = floor(at), f = fract(at);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(cell), hash(cell + vec2(1.0, 0.0)), f.x),
               mix(hash(cell + vec2(0.0, 1.0)), hash(cell + vec2(1.0, 1.0)), f.x), f.y);
}

void main() {
    vec3 given = IMG_THIS_PIXEL(inputImage).rgb;
    vec2 at = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float tooth = noise(at * 420.0) - 0.5;
    float fibres = noise(at * vec2(36.0, 300.0) + 6.0 * sin(at.yx * 9.0)) - 0.5;
    float clouds = noise(at * 3.1 + 7.0);
    vec2 off = isf_FragNormCoord * 2.0 - 1.0;
    float edge = smoothstep(0.55, 1.15, length(off) * (0.85 + 0.3 * clouds));
    float spots = smoothstep(0.86, 0.95, noise(at * 13.0 + 3.0)) * smoothstep(0.45, 0.75, clouds);
    vec3 sheet = mix(FRESH, OLD, clamp(age * (0.35 * clouds + 0.75 * edge + 0.55 * spots), 0.0, 1.0));
    sheet *= 1.0 + grain * (0.16 * tooth + 0.10 * fibres);
    vec3 faded = mix(given, vec3(luma(given)) * vec3(1.06, 1.0, 0.88), 0.55 * pressed);
    faded = mix(faded, sqrt(max(faded, 0.0)), 0.35 * pressed);
    gl_FragColor = vec4(mix(given, faded * sheet, amount), 1.0);
}
