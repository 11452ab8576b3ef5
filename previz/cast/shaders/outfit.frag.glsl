#version 330
#include "common.glsl"
#include "outfit.glsl"
// The clothes of a full figure, the depth pass having cut them: top, trousers or skirt, shoes.
uniform vec3 u_cloth, u_trim, u_bottom, u_shoe, u_sole;
uniform int u_pattern;  // of the top: 0 plain, 1 stripes, 2 a yoke in the colour of the trim
uniform bool u_is_skirt;

vec3 top_colour(vec3 t) {
    float arm = along_arm(t);
    float edge = min(neckline(t) - t.y, 4.0 * (u_sleeve - arm));
    vec3 cloth = u_cloth;
    float band = arm > 0.0 ? 5.2 - 5.0 * arm : t.y;
    if (u_pattern == 1) cloth = mix(cloth, u_trim, smoothstep(0.17, 0.30, abs(fract(band * 1.5) - 0.5)));
    if (u_pattern == 2) cloth = mix(cloth, u_trim, smoothstep(4.45, 4.50, band));
    return mix(cloth, u_trim, smoothstep(0.12, 0.08, edge) * 0.9);
}

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 t = v_template;
    int kind = u_is_skirt ? BOTTOM : garment(t, 0.0);
    Surface s;
    s.normal = normalize(v_normal);
    s.occlusion = v_occlusion;
    if (!gl_FrontFacing) {
        s.normal = -s.normal;
        s.occlusion *= 0.4;
    }
    s.albedo = (kind == TOP ? top_colour(t) : kind == SHOE ? mix(u_shoe, u_sole, smoothstep(-7.98, -8.02, t.y)) : u_bottom)
               * (0.94 + 0.12 * noise(t * vec3(9, 14, 9)));
    if (kind == BOTTOM && !u_is_skirt) {
        s.albedo *= 1.0 - 0.25 * smoothstep(0.10, 0.0, t.y - u_trousers);  // the hem
        s.occlusion *= 1.0 - 0.35 * smoothstep(-0.25, 0.0, t.y - u_hem);   // under the top's edge
    }
    s.specular = kind == SHOE ? 0.35 : 0.06;
    s.gloss = kind == SHOE ? 24.0 : 8.0;
    s.translucency = 0.15;
    s.rim = 1.0;
    s.glow = 0.0;
    o_colour = encoded(shade(s, view, key_shadow(0.002)));
}
