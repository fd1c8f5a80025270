/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Each colour remembers for its own time: what moves pulls coloured ghosts, what rests is clear.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7, "IDENTITY": 0.0, "LABEL": "how much of the ghosts shows"},
        {"NAME": "seconds", "TYPE": "float", "MIN": 0.02, "MAX": 3.0, "DEFAULT": 0.5, "LABEL": "seconds that the slowest colour remembers"},
        {"NAME": "spread", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7, "LABEL": "0 all colours alike, 1 far apart"}
    ],
    "PASSES": [{"TARGET": "memory", "PERSISTENT": true, "FLOAT": true}, {}]
}*/

#include "color.glsl"

void main() {
    vec3 now = sound(IMG_THIS_PIXEL(inputImage).rgb);
    vec4 held = IMG_THIS_PIXEL(memory);
    if (PASSINDEX == 0) {
        vec3 memory_s = seconds * mix(vec3(1.0), vec3(1.0, 0.35, 0.1), spread);
        // Alpha is 0 only before the first frame: begin with the picture, not with black.
        vec3 share = held.a > 0.5 ? exp(-TIMEDELTA / memory_s) : vec3(0.0);
        gl_FragColor = vec4(mix(now, sound(held.rgb), share), 1.0);
    } else {
        gl_FragColor = vec4(mix(now, held.rgb, amount), 1.0);
    }
}
