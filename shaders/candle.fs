/*{
    "ISFVSN": "2",
    "DESCRIPTION": "An old painting by candle-light: warm light that breathes, dark corners, golden varnish with fine cracks.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Light", "Texture"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8, "IDENTITY": 0.0, "LABEL": "of all of it"},
        {"NAME": "light", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.0, "LABEL": "of the candle"},
        {"NAME": "dark", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6, "LABEL": "of the corners"},
        {"NAME": "flicker", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3, "LABEL": "of the flame"},
        {"NAME": "varnish", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5, "LABEL": "how golden it has turned"},
        {"NAME": "cracks", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35, "LABEL": "in the varnish"},
        {"NAME": "candle", "TYPE": "point2D", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.3, 0.65], "LABEL": "where the light falls"}
    ],
    "PASSES": [{"TARGET": "burning", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"}, {}]
}*/

#include "color.glsl"
#include "motion.glsl"

const vec3 FLAME = vec3(1.16, 0.98, 0.74);
const vec3 GOLD = vec3(1.05, 0.97, 0.76);

const float ROUNDS = 1.0 / 32.0;  // a second: after 32 s the flame burns as at first

// A flame's breath, about -1..1. Whole multiples of t only, so that it goes round without a seam.
float breath(float t) {
    return 0.45 * sin(t * 12.0) + 0.3 * sin(t * 29.0 + 2.0 * sin(t * 6.0)) + 0.25 * sin(t * 47.0 + sin(t * 18.0));
}

// 1 on a hair-thin net of bent lines, 0 between them.
float crackle(vec2 at, float px) {
    vec2 bent = at + 0.035 * sin(at.yx * 17.0 + 2.0 * sin(at.xy * 7.0)) + 0.012 * sin(at.yx * 53.0);
    vec2 line = abs(fract(bent * vec2(9.0, 7.0)) - 0.5);
    vec2 fine = abs(fract(vec2(bent.x + 0.6 * bent.y, bent.y - 0.5 * bent.x) * 15.0) - 0.5);
    float near = min(min(line.x / 9.0, line.y / 7.0), min(fine.x, fine.y) / 15.0 + 0.0004);
    return 1.0 - smoothstep(0.0, 1.5 * px, near);
}

void main() {
    if (PASSINDEX == 0) {  // the phase, and what follows from it: the same for every pixel
        vec4 phase = next_phase(burning, ROUNDS);
        float t = 6.2831853 * phase.x;
        gl_FragColor = vec4(phase.x, breath(t), sin(t * 16.0), sin(t * 22.0));
        return;
    }
    vec3 given = IMG_THIS_PIXEL(inputImage).rgb;
    vec4 burns = texelFetch(burning, ivec2(0), 0);
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 at = isf_FragNormCoord;
    float lively = flicker * burns.y;
    vec2 flame = candle + flicker * 0.006 * burns.zw;
    vec2 away = (at - flame) * mix(vec2(1.0), shape, 0.5);
    float near = exp(-2.2 * dot(away, away));
    vec2 off = at * 2.0 - 1.0;
    float corner = 1.0 - dark * smoothstep(0.35, 1.6, dot(off, off));
    vec3 lit = given * mix(vec3(1.0), GOLD, varnish) * corner;
    lit *= 1.0 + light * (FLAME * (0.55 + 0.10 * lively) * near - 0.22);
    lit += vec3(0.030, 0.018, 0.006) * varnish * near * light;
    float crack = cracks * crackle(at * shape, 0.0011);
    lit *= 1.0 - crack * (0.25 + 0.5 * luma(given));
    gl_FragColor = vec4(mix(given, clamp(lit, 0.0, 1.0), amount), 1.0);
}
