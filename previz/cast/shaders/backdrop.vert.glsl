#version 330
in vec2 in_place;
out vec2 v_place;

void main() {
    v_place = in_place;
    gl_Position = vec4(in_place, 0.9999, 1.0);
}
