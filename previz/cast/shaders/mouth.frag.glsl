#version 330
#include "common.glsl"
// Teeth, gums and tongue: darker the deeper they lie.
uniform bool u_is_tongue;

void main() {
    vec3 view = normalize(u_eye - v_position);
    Surface s;
    s.normal = normalize(v_normal);
    s.translucency = 0.3;
    s.rim = 0.0;
    if (u_is_tongue) {
        s.albedo = vec3(0.60, 0.17, 0.17);
        s.specular = 0.45;
        s.gloss = 30.0;
        s.occlusion = mix(0.2, 0.8, smoothstep(0.95, 1.38, v_template.z));
        s.glow = 0.08 * s.occlusion;
    } else {
        float gum = v_mask.x;
        s.albedo = mix(vec3(0.90, 0.87, 0.80), vec3(0.66, 0.24, 0.23), gum);
        s.albedo *= 1.0 - 0.22 * smoothstep(0.40, 0.5, abs(fract(v_template.x * 9.0) - 0.5)) * (1.0 - gum);
        s.specular = 0.7;
        s.gloss = 60.0;
        float front = smoothstep(1.12, 1.46, v_template.z);
        s.albedo *= mix(vec3(0.55, 0.22, 0.20), vec3(1.0), front);  // molars take the colour of the cheeks
        s.occlusion = mix(0.2, 0.95, front);
        s.glow = 0.16 * s.occlusion;
    }
    o_colour = encoded(shade(s, view, mix(0.25, 1.0, key_shadow(0.003))));
}
