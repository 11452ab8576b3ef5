#version 330
// Depth alone, for the shadow map and for the pass that spares hidden surfaces their shading.
in vec3 in_position;
in vec3 in_template;
uniform mat4 u_view_projection;
out vec3 v_template;
invariant gl_Position;

void main() {
    v_template = in_template;
    gl_Position = u_view_projection * vec4(in_position, 1.0);
}
