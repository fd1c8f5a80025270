// Colours, in the sRGB values that the pictures come in.

// Rec. 709 weights.
float luma(vec3 color) {
    return dot(color, vec3(0.2126, 0.7152, 0.0722));
}

// Black instead of what is no number: in a buffer that remembers, one such pixel would stay for ever and spread.
vec3 sound(vec3 color) {
    return dot(color, color) < 1e8 ? color : vec3(0.0);
}

// Turn the hue around the grey axis (Rodrigues); `turn` 1 is the whole circle.
vec3 turned(vec3 color, vec2 cosine_sine) {
    vec3 axis = vec3(0.57735027);
    return color * cosine_sine.x + cross(axis, color) * cosine_sine.y
        + axis * dot(axis, color) * (1.0 - cosine_sine.x);
}

vec3 turned(vec3 color, float turn) {
    return turned(color, vec2(cos(turn * 6.2831853), sin(turn * 6.2831853)));
}

// Light over light: never clips, never darkens.
vec3 screen(vec3 under, vec3 over) {
    return 1.0 - (1.0 - clamp(under, 0.0, 1.0)) * (1.0 - clamp(over, 0.0, 1.0));
}
