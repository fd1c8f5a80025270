/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Drawn over the output while one generator gives way to another: what was shown last, fading.",
    "CREDIT": "latenz",
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "weight", "TYPE": "float", "DEFAULT": 1.0, "LABEL": "of what was shown over what comes"},
        {"NAME": "level", "TYPE": "float", "MAX": 2.0, "DEFAULT": 1.0, "LABEL": "brightness, as the output has it now"}
    ]
}*/

void main() {
    gl_FragColor = vec4(IMG_THIS_PIXEL(inputImage).rgb * level, weight);
}
