// Where the clothes of a full figure are, on the template. `garment` in _outfit.py says the same in numpy.
#include "cut.glsl"
uniform float u_sleeve, u_hem, u_trousers, u_skirt, u_shoes;

const int BARE = 0, TOP = 1, BOTTOM = 2, SHOE = 3;
const float WAIST = 1.35;
const vec3 SHOULDER = vec3(1.68, 5.25, 0.15), ELBOW = vec3(3.13, 3.49, 0.13), WRIST = vec3(4.31, 2.45, 1.76);

// 0 at the shoulder, 0.5 at the elbow, 1 at the wrist; below 0 for what is no arm.
float along_arm(vec3 t) {
    vec3 q = vec3(abs(t.x), t.yz);
    if (q.x < 1.60 + 0.25 * max(0.0, 4.6 - q.y)) return -1.0;
    vec3 upper = ELBOW - SHOULDER, fore = WRIST - ELBOW;
    float lower = dot(q - ELBOW, fore) / dot(fore, fore);
    if (lower > 0.0) return 0.5 + 0.5 * lower;
    return 0.5 * clamp(dot(q - SHOULDER, upper) / dot(upper, upper), 0.0, 1.0);
}

// What covers a point of the skin or the tights; `inside` (dm) keeps away from every edge.
int garment(vec3 t, float inside) {
    if (t.y < u_shoes - inside) return SHOE;
    float arm = along_arm(t);
    if (arm >= 0.0) return arm < u_sleeve - 0.2 * inside ? TOP : BARE;
    if (t.y > neckline(t) - inside) return BARE;
    if (t.y > u_hem) return TOP;
    return t.y > u_trousers + inside ? BOTTOM : BARE;
}

bool is_skirt(vec3 t) {
    return t.y < WAIST && t.y > u_skirt;
}

// Legs and hips that the skirt hides from every side.
bool under_skirt(vec3 t) {
    return along_arm(t) < 0.0 && t.y < WAIST - 0.04 && t.y > u_skirt + 0.4;
}
