// Ways to read a texture.

// Coordinates folded back at the edges, so that a displaced picture has no smeared border.
vec2 mirrored(vec2 at) {
    return 1.0 - abs(1.0 - mod(at, 2.0));
}

// Catmull-Rom in nine bilinear reads. Keys 1981; the reads are joined as in Jimenez, SIGGRAPH 2016.
vec4 bicubic(sampler2D image, vec2 at) {
    vec2 size = vec2(textureSize(image, 0));
    vec2 here = at * size;
    vec2 base = floor(here - 0.5) + 0.5;
    vec2 f = here - base;
    vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
    vec2 w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
    vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f));
    vec2 w3 = f * f * (-0.5 + 0.5 * f);
    vec2 w12 = w1 + w2;
    vec2 a = (base - 1.0) / size;
    vec2 b = (base + w2 / w12) / size;
    vec2 c = (base + 2.0) / size;
    return texture(image, vec2(a.x, a.y)) * w0.x * w0.y + texture(image, vec2(b.x, a.y)) * w12.x * w0.y
        + texture(image, vec2(c.x, a.y)) * w3.x * w0.y + texture(image, vec2(a.x, b.y)) * w0.x * w12.y
        + texture(image, vec2(b.x, b.y)) * w12.x * w12.y + texture(image, vec2(c.x, b.y)) * w3.x * w12.y
        + texture(image, vec2(a.x, c.y)) * w0.x * w3.y + texture(image, vec2(b.x, c.y)) * w12.x * w3.y
        + texture(image, vec2(c.x, c.y)) * w3.x * w3.y;
}
