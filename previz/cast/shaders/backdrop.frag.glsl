#version 330
// A lit paper backdrop: a soft round light a little above the middle.
in vec2 v_place;
out vec4 o_colour;
uniform vec3 u_centre, u_edge;

void main() {
    float far = length((v_place - vec2(-0.35, 0.15)) * vec2(0.8, 0.9));
    o_colour = vec4(pow(mix(u_centre, u_edge, smoothstep(0.0, 1.5, far)), vec3(1.0 / 2.2)), 1.0);
}
