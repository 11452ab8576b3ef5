uniform float u_hair_end;   // template height where hair ends; far below for uncut hair
uniform vec2 u_hair_window;  // half width and height of an oval before the face without hair; zeros for none
uniform bool u_is_cloth;

uniform int u_neckline;      // 0 round, 1 V, 2 turtleneck, 3 wide

float neckline(vec3 t) {
    if (u_neckline == 1) return 5.95 - max(0.0, 0.62 - 1.35 * abs(t.x)) * smoothstep(0.1, 0.6, t.z);
    if (u_neckline == 2) return 6.28;
    if (u_neckline == 3) {
        float wide = t.x / 0.66;
        return 5.80 - 0.26 * exp(-wide * wide * wide * wide) * smoothstep(0.2, 0.5, t.z);
    }
    float collar = t.x / 0.42;
    return 5.93 - 0.32 * exp(-collar * collar) * smoothstep(0.0, 0.6, t.z);
}

bool is_cut(vec3 t) {
    if (u_is_cloth) return t.y > neckline(t);
    if (u_hair_window.x > 0.0 && t.z > 0.75) {
        vec2 q = (t.xy - vec2(0.0, 7.02)) / u_hair_window;
        if (dot(q, q) < 1.0 + 0.025 * sin(t.x * 41.0)) return true;
    }
    // a ragged end: strands differ in length
    return t.y < u_hair_end + 0.05 * sin(t.x * 17.0 + t.z * 9.0) + 0.02 * sin(t.x * 61.0 - t.z * 37.0);
}
