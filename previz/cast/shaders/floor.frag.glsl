#version 330
// Over the backdrop, into which it fades: a floor in the light's colour, the figure's shadow, and the dark under the feet.
in vec2 v_place;
in vec3 v_shadow;
out vec4 o_colour;  // multiplied by its alpha
uniform sampler2DShadow u_shadow;
uniform float u_shadow_texel, u_floor;
uniform vec3 u_tint;
uniform vec4 u_feet[2];  // x, z of heel and toe

// Distance from a foot, a line from heel to toe.
float from_foot(vec4 foot) {
    vec2 along = foot.zw - foot.xy, q = v_place - foot.xy;
    return length(q - along * clamp(dot(q, along) / dot(along, along), 0.0, 1.0));
}

void main() {
    float lit = 0.0;
    for (int i = -2; i <= 2; i++)
        for (int j = -2; j <= 2; j++)
            lit += texture(u_shadow, vec3(v_shadow.xy + 1.6 * u_shadow_texel * vec2(i, j), v_shadow.z - 0.004)) / 25.0;
    float contact = 0.0;
    for (int k = 0; k < 2; k++) {
        float far = from_foot(u_feet[k]) / 0.75;
        contact = max(contact, exp(-far * far));
    }
    float away = length(v_place * vec2(1.0, 0.8)) / 11.0;
    float dark = 1.0 - (1.0 - 0.34 * (1.0 - lit) * exp(-away * away)) * (1.0 - 0.42 * contact);
    float tinted = u_floor * smoothstep(1.6, 0.2, length(v_place * vec2(0.7, 1.0)) / 20.0);
    o_colour = vec4(pow(u_tint, vec3(1.0 / 2.2)) * tinted * (1.0 - dark), 1.0 - (1.0 - tinted) * (1.0 - dark));
}
