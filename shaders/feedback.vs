// What is the same for every pixel is worked out three times here, not a quarter of a million times there.
flat varying vec4 flight;  // cosine and sine of the turn, scale, what is kept
flat varying vec2 tint;  // cosine and sine of the hue's turn

void main() {
    isf_vertShaderInit();
    float angle = -6.2831853 * rotate * TIMEDELTA;
    flight = vec4(cos(angle), sin(angle), exp2(-zoom * TIMEDELTA), pow(max(keep, 0.001), TIMEDELTA * 10.0));
    tint = vec2(cos(6.2831853 * hue * TIMEDELTA), sin(6.2831853 * hue * TIMEDELTA));
}
