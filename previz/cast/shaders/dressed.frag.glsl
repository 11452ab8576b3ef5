#version 330
// Depth of a full figure's layers: skin that no clothes cover, and clothes where they are.
#include "outfit.glsl"
uniform int u_layer;  // 0 skin, 1 clothes, 2 skirt
in vec3 v_template;

void main() {
    if (u_layer != 2 && under_skirt(v_template)) discard;
    if (u_layer == 0 && garment(v_template, 0.02) != BARE) discard;
    if (u_layer == 1 && garment(v_template, 0.0) == BARE) discard;
    if (u_layer == 2 && !is_skirt(v_template)) discard;
}
