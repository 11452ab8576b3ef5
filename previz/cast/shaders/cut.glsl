uniform float u_hair_end;   // template height where hair ends; far below for uncut hair
uniform bool u_is_cloth;

float neckline(vec3 t) {
    float collar = t.x / 0.42;
    return 5.93 - 0.32 * exp(-collar * collar) * smoothstep(0.0, 0.6, t.z);
}

bool is_cut(vec3 t) {
    if (u_is_cloth) return t.y > neckline(t);
    // a ragged end: strands differ in length
    return t.y < u_hair_end + 0.05 * sin(t.x * 17.0 + t.z * 9.0) + 0.02 * sin(t.x * 61.0 - t.z * 37.0);
}
