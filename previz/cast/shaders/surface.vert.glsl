#version 330
// A posed vertex for every surface shader: where it is, and where it was on the template.
in vec3 in_position;
in vec3 in_normal;
in vec3 in_template;
in vec4 in_mask;
in vec2 in_texture;
in float in_occlusion;
uniform mat4 u_view_projection;
uniform mat4 u_shadow_projection;
out vec3 v_position;
out vec3 v_normal;
out vec3 v_template;
out vec4 v_mask;
out vec2 v_texture;
out float v_occlusion;
out vec3 v_shadow;
invariant gl_Position;  // the depth pass must land on the same depths

void main() {
    v_position = in_position;
    v_normal = in_normal;
    v_template = in_template;
    v_mask = in_mask;
    v_texture = in_texture;
    v_occlusion = in_occlusion;
    v_shadow = (u_shadow_projection * vec4(in_position + 0.05 * in_normal, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = u_view_projection * vec4(in_position, 1.0);
}
