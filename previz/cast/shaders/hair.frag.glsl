#version 330
#include "common.glsl"
// Strands that run down the surface, lit along their tangent (Kajiya and Kay), with a primary and a tinted highlight.
uniform vec3 u_hair;
uniform float u_curl;

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 n = normalize(v_normal);
    if (!gl_FrontFacing) n = -n;
    vec3 down = vec3(0, -1, 0);
    vec3 along = normalize(down - n * dot(down, n) + 1e-4);
    float strands = 0.55 * noise(vec3(v_texture * vec2(60.0, 2.5), 1.0)) + 0.45 * noise(vec3(v_texture * vec2(162.0, 3.25), 4.0));
    if (u_curl > 0.0) {
        float curls = 0.6 * noise(v_template * 24.0) + 0.4 * noise(v_template * 55.0);
        strands = mix(strands, smoothstep(0.15, 0.85, curls), u_curl);
    }
    vec3 albedo = u_hair * (0.55 + 0.95 * strands);
    vec3 tangent = normalize(along + n * (strands - 0.5) * 0.5);
    vec3 half_key = normalize(u_key + view);
    float first = dot(tangent, half_key);
    float second = dot(normalize(tangent + n * 0.25), half_key);
    float shine = pow(sqrt(max(0.0, 1.0 - first * first)), 28.0);
    float sheen = pow(sqrt(max(0.0, 1.0 - second * second)), 9.0);
    float facing = max(dot(n, u_key) * 0.6 + 0.4, 0.0);
    float lit = mix(0.35, 1.0, key_shadow(0.005)) * facing;
    vec3 colour = albedo * (u_key_colour * lit + u_fill_colour * max(dot(n, u_fill) * 0.5 + 0.5, 0.0) * 0.8
                            + mix(u_ground, u_sky, n.y * 0.5 + 0.5) * 0.9);
    colour += u_key_colour * lit * (0.10 * shine * (0.4 + strands) * mix(vec3(1.0), u_hair * 3.0, 0.3)
                                    + 0.35 * sheen * u_hair * (0.3 + strands));
    float grazing = pow(1.0 - max(dot(n, view), 0.0), 3.0);
    colour += u_rim_colour * grazing * max(dot(n, u_rim), 0.0) * (0.375 * u_hair + 0.09);
    o_colour = encoded(colour);
}
