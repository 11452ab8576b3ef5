#version 330
out vec4 o_colour;

void main() {
    o_colour = vec4(0.13, 0.10, 0.09, 1.0);
}
