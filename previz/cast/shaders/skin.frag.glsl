#version 330
#include "common.glsl"
// Skin, lips, the inside of the mouth, lids and painted brows: all placed on the template, so they move with the face.
uniform vec3 u_skin, u_lips, u_brows, u_lids, u_hair;
uniform float u_blush, u_brow_thickness, u_brow_arch;
uniform float u_freckles, u_stubble, u_scalp;

float brow(vec3 t) {
    float x = abs(t.x);
    float along = clamp((x - 0.075) / 0.46, 0.0, 1.0);
    float middle = 7.462 + u_brow_arch * sin(along * 2.4) * 0.08 - 0.055 * along * along;
    float thickness = (0.038 * (1.0 - 0.72 * along * along) + 0.006) * u_brow_thickness;
    float strands = noise(vec3((x * 1.6 + (t.y - middle) * 1.3) * 60.0, (t.y - middle) * 40.0, 1.0));
    float across = abs(t.y - middle) / thickness + 0.35 * (strands - 0.5);
    return smoothstep(1.15, 0.35, across) * smoothstep(0.06, 0.16, x) * smoothstep(0.56, 0.47, x)
           * smoothstep(0.9, 1.05, t.z);
}

// Where a beard grows: cheeks below the ear to the lip and down the jaw, not on the lips.
float beard(vec3 t) {
    float x = abs(t.x);
    float low = smoothstep(6.98, 6.72, t.y - 0.25 * smoothstep(0.25, 0.6, x)) * smoothstep(6.0, 6.25, t.y);
    float front = smoothstep(0.45, 0.7, t.z) * (1.0 - smoothstep(0.2, 0.5, v_mask.x));
    float bare = (1.0 - 0.6 * spot(t, vec3(0, 6.43, 1.6), vec3(0.14, 0.045, 0.3)))
                 * (1.0 - 0.9 * spot(vec3(x, t.yz), vec3(0.42, 6.93, 1.3), vec3(0.2, 0.22, 0.3)));
    return low * front * bare;
}

// Where cropped hair grows: above the forehead's line, at the temples and behind the ears.
float crop(vec3 t) {
    float x = abs(t.x);
    float line = t.y - (7.86 - 0.16 * x * x / 0.3025);
    float front = smoothstep(-0.03, 0.06, line + 0.03 * (noise(t * 30.0) - 0.5));
    float side = smoothstep(0.9, 0.78, t.z) * smoothstep(7.28, 7.36, t.y) * step(0.3, x);
    float back = smoothstep(0.72, 0.60, t.z) * smoothstep(6.72, 6.95, t.y) * (1.0 - 0.9 * smoothstep(0.25, 0.75, v_mask.w));
    return max(max(front, back), side) * step(6.6, t.y);
}

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 t = v_template, side = vec3(abs(t.x), t.yz);
    Surface s;
    s.normal = normalize(v_normal);
    if (!gl_FrontFacing) s.normal = -s.normal;
    s.occlusion = v_occlusion;

    float lips = smoothstep(0.12, 0.75, v_mask.x) * (1.0 - 0.85 * v_mask.y);
    float inside = smoothstep(0.25, 0.9, v_mask.y) * step(t.y, 6.95);
    vec3 skin = u_skin * (1.0 + 0.05 * (noise(t * 9.0) - 0.5));
    float blush = spot(side, vec3(0.46, 6.95, 1.35), vec3(0.24, 0.20, 0.5)) + 0.8 * spot(t, vec3(0, 6.93, 1.85), vec3(0.12, 0.12, 0.3))
                  + 0.35 * spot(t, vec3(0, 6.33, 1.5), vec3(0.2, 0.12, 0.4)) + 0.7 * v_mask.w;
    skin = mix(skin, skin * vec3(1.08, 0.76, 0.72), clamp(blush * u_blush, 0.0, 1.0));
    if (u_freckles > 0.0) {
        float specks = smoothstep(0.70, 0.80, noise(t * 26.0)) * spot(side, vec3(0.30, 6.98, 1.5), vec3(0.35, 0.18, 0.5));
        skin = mix(skin, skin * vec3(0.62, 0.45, 0.35), specks * u_freckles);
    }
    skin *= 1.0 - 0.14 * spot(side, vec3(0.31, 7.2, 1.4), vec3(0.2, 0.1, 0.25));
    skin = mix(skin, mix(skin * vec3(0.88, 0.74, 0.72), u_lids, 0.30), v_mask.z * 0.8);
    if (u_stubble > 0.0) {
        float hairs = 0.75 + 0.5 * noise(t * vec3(70, 45, 70));
        skin = mix(skin, u_brows * 1.1, clamp(beard(t) * u_stubble * hairs, 0.0, 0.9));
    }
    skin = mix(skin, u_lips, lips * 0.88);
    skin = mix(skin, vec3(0.20, 0.035, 0.035), inside);
    float brows = brow(t);
    skin = mix(skin, u_brows, brows * 0.9);
    float cropped = 0.0;
    if (u_scalp > 0.0) {
        cropped = crop(t) * u_scalp;
        skin = mix(skin, u_hair * (0.75 + 0.5 * noise(t * vec3(55, 40, 55))), cropped);
    }
    s.albedo = skin;

    s.specular = mix(mix(0.26, 0.55, lips), 0.2, inside) * (1.0 - 0.7 * brows) * (1.0 - 0.5 * cropped);
    s.gloss = mix(18.0, 46.0, lips);
    s.translucency = mix(1.0, 0.3, inside);
    s.occlusion *= mix(1.0, 0.6, inside);
    s.rim = 1.0 - inside;
    s.glow = inside * mix(0.06, 0.12, smoothstep(0.7, 1.45, t.z));
    o_colour = encoded(shade(s, view, key_shadow(0.003)));
}
