/*{
    "ISFVSN": "2",
    "DESCRIPTION": "A wall of lamps: each shows the colour behind it, brighter ones are larger.",
    "CREDIT": "latenz",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0, "IDENTITY": 0.0, "LABEL": "fades from the picture to the lamps"},
        {"NAME": "cells", "TYPE": "float", "MIN": 8.0, "MAX": 160.0, "DEFAULT": 56.0, "LABEL": "lamps from top to bottom"},
        {"NAME": "lamps", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0, "LABEL": "0 square tiles, 1 round lamps"}
    ]
}*/

vec3 behind(vec2 at) {
    return IMG_NORM_PIXEL(inputImage, at).rgb;
}

void main() {
    vec2 grid = vec2(cells * RENDERSIZE.x / RENDERSIZE.y, cells);
    vec2 place = isf_FragNormCoord * grid;
    place.x += 0.5 * mod(floor(place.y), 2.0) * lamps;
    vec2 cell = floor(place) + 0.5;
    vec2 inside = place - cell;
    cell.x -= 0.5 * mod(floor(place.y), 2.0) * lamps;
    // Five reads a lamp: one alone would flicker where the picture is finer than the wall.
    vec3 color = behind(cell / grid) * 0.2;
    color += 0.2 * (behind((cell + vec2(0.25, 0.1)) / grid) + behind((cell - vec2(0.25, 0.1)) / grid));
    color += 0.2 * (behind((cell + vec2(-0.1, 0.25)) / grid) + behind((cell - vec2(-0.1, 0.25)) / grid));
    float level = max(color.r, max(color.g, color.b));
    float size = 0.2 + 0.34 * sqrt(level);
    float soft = 0.7 * cells / RENDERSIZE.y;
    float lamp = 1.0 - smoothstep(size - soft, size + soft, length(inside));
    vec3 lit = color * mix(1.0, lamp * 1.35, lamps);
    gl_FragColor = vec4(mix(IMG_THIS_PIXEL(inputImage).rgb, min(lit, 1.0), amount), 1.0);
}
