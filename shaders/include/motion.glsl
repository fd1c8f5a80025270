// Movement that goes on evenly when its speed is played: the phase is summed up in a buffer of one pixel.

// The next phase, 0..1 in x. `cycles` a second; going round is seamless for whatever has period 1.
vec4 next_phase(sampler2D buffer, float cycles) {
    return vec4(fract(texelFetch(buffer, ivec2(0), 0).x + TIMEDELTA * cycles), 0.0, 0.0, 1.0);
}

float phase_of(sampler2D buffer) {
    return 6.2831853 * texelFetch(buffer, ivec2(0), 0).x;
}
