#version 330
// A level floor around the figure.
in vec2 in_place;  // x, z in dm
uniform float u_height;
uniform mat4 u_view_projection;
uniform mat4 u_shadow_projection;
out vec2 v_place;
out vec3 v_shadow;

void main() {
    vec4 place = vec4(in_place.x, u_height, in_place.y, 1.0);
    v_place = in_place;
    v_shadow = (u_shadow_projection * place).xyz * 0.5 + 0.5;
    gl_Position = u_view_projection * place;
}
