#version 330
#include "common.glsl"
// An eyeball: template coordinates are relative to its centre, +z through the pupil.
uniform vec3 u_iris;
uniform float u_iris_radius;

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 q = normalize(v_template);
    float angle = acos(clamp(q.z, -1.0, 1.0));
    float r = angle / u_iris_radius;
    float around = atan(q.y, q.x);
    vec3 white = vec3(0.88, 0.86, 0.84) * mix(vec3(1.0), vec3(1.0, 0.82, 0.79), smoothstep(0.55, 1.1, angle) * 0.8);
    float fibres = 0.75 + 0.35 * noise(vec3(around * 7.0, r * 2.5, u_seed)) + 0.25 * noise(vec3(around * 19.0, r * 5.0, u_seed + 3.0));
    vec3 iris = u_iris * fibres * mix(1.35, 0.75, smoothstep(0.3, 0.95, r));
    iris = mix(iris, u_iris * vec3(1.5, 1.15, 0.7), 0.35 * smoothstep(0.62, 0.42, r));
    iris *= mix(1.0, 0.25, smoothstep(0.76, 0.98, r));
    vec3 albedo = mix(white, iris, smoothstep(1.04, 0.94, r));
    albedo = mix(albedo, vec3(0.006), smoothstep(0.47, 0.40, r));
    Surface s;
    s.albedo = albedo;
    s.normal = normalize(v_normal);
    s.occlusion = mix(0.5, 1.0, smoothstep(-0.02, 0.5, v_occlusion));
    s.specular = 1.2;
    s.gloss = 180.0;
    s.translucency = 0.25;
    s.rim = 0.1;
    s.glow = 0.04;
    float lit = key_shadow(0.006);
    vec3 colour = shade(s, view, mix(0.35, 1.0, lit));
    // the window that every portrait has in its eyes
    float glint = smoothstep(0.980, 0.990, dot(s.normal, normalize(u_key * vec3(0.8, 0.55, 1.0) + view * 1.3)));
    o_colour = encoded(colour + 0.85 * glint * mix(0.6, 1.0, lit));
}
