#version 330
#include "common.glsl"
#include "cut.glsl"
uniform vec3 u_cloth, u_trim;
uniform int u_pattern;  // 0 plain, 1 stripes, 2 a yoke in the colour of the trim

void main() {
    vec3 view = normalize(u_eye - v_position);
    float hem = smoothstep(0.085, 0.07, neckline(v_template) - v_template.y);
    vec3 cloth = u_cloth;
    if (u_pattern == 1) cloth = mix(cloth, u_trim, smoothstep(0.20, 0.27, abs(fract(v_template.y * 4.2) - 0.5)));
    if (u_pattern == 2) cloth = mix(cloth, u_trim, smoothstep(5.47, 5.51, v_template.y));
    Surface s;
    s.normal = normalize(v_normal);
    if (!gl_FrontFacing) s.normal = -s.normal;
    s.albedo = mix(cloth, u_trim, hem * 0.9) * (0.94 + 0.12 * noise(v_template * vec3(30, 60, 30)));
    s.occlusion = v_occlusion;
    s.specular = 0.06;
    s.gloss = 8.0;
    s.translucency = 0.15;
    s.rim = 1.0;
    s.glow = 0.0;
    o_colour = encoded(shade(s, view, key_shadow(0.003)));
}
