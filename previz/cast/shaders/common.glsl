// What all surface shaders share: inputs, light, noise and the shadow.
in vec3 v_position;
in vec3 v_normal;
in vec3 v_template;
in vec4 v_mask;
in vec2 v_texture;
in float v_occlusion;
in vec3 v_shadow;
out vec4 o_colour;

uniform vec3 u_eye;
uniform vec3 u_key, u_key_colour;
uniform vec3 u_fill, u_fill_colour;
uniform vec3 u_rim, u_rim_colour;
uniform vec3 u_sky, u_ground;
uniform float u_seed;
uniform sampler2DShadow u_shadow;
uniform float u_shadow_texel;

// What a surface is made of; each shader fills one in.
struct Surface {
    vec3 albedo;
    vec3 normal;
    float occlusion;
    float specular;     // strength of the highlight
    float gloss;        // its exponent
    float translucency; // 0 cloth .. 1 skin: how far light bleeds past the terminator
    float rim;          // share of the rim light
    float glow;         // light that reaches it regardless: keeps teeth readable in the dark mouth
};

float hash(vec3 p) {
    p = fract(p * 0.1031);
    p += dot(p, p.zyx + 31.32);
    return fract((p.x + p.y) * p.z);
}

float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec4 low = vec4(hash(i), hash(i + vec3(1, 0, 0)), hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)));
    vec4 high = vec4(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)));
    vec4 z = mix(low, high, f.z);
    vec2 y = mix(z.xy, z.zw, f.y);
    return mix(y.x, y.y, f.x);
}

// A soft spot in template space.
float spot(vec3 p, vec3 centre, vec3 radius) {
    vec3 q = (p - centre) / radius;
    return exp(-dot(q, q));
}

// Share of the key light that arrives, softened over 3 x 3 bilinear taps.
float key_shadow(float bias) {
    float sum = 0.0;
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            sum += texture(u_shadow, vec3(v_shadow.xy + 1.5 * u_shadow_texel * vec2(i, j), v_shadow.z - bias));
    return sum / 9.0;
}

vec4 encoded(vec3 linear) {
    return vec4(pow(clamp(linear, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}

vec3 shade(Surface s, vec3 view, float lit) {
    float facing = dot(s.normal, u_key);
    // wrapped diffuse per channel: a cheap stand-in for light that scatters under the skin
    vec3 wrap = mix(vec3(0.05), vec3(0.42, 0.22, 0.14), s.translucency);
    vec3 diffuse = clamp((vec3(facing) + wrap) / (1.0 + wrap), 0.0, 1.0);
    diffuse = diffuse * (0.75 + 0.25 * diffuse);
    vec3 shadow = mix(vec3(lit), pow(vec3(lit), vec3(0.55, 0.9, 1.0)), s.translucency);
    vec3 occlusion = mix(vec3(s.occlusion), pow(vec3(s.occlusion), vec3(0.75, 1.0, 1.08)), s.translucency);
    vec3 ambient = mix(u_ground, u_sky, s.normal.y * 0.5 + 0.5);
    float fill = max(dot(s.normal, u_fill) * 0.55 + 0.45, 0.0);
    vec3 colour = s.albedo * (u_key_colour * diffuse * shadow * mix(vec3(1.0), occlusion, 0.45)
                              + (u_fill_colour * fill + ambient) * occlusion);
    vec3 half_key = normalize(u_key + view);
    float fresnel = 0.04 + 0.96 * pow(1.0 - max(dot(half_key, view), 0.0), 5.0);
    float lobe = pow(max(dot(s.normal, half_key), 0.0), s.gloss) * (s.gloss + 8.0) / 25.0;
    colour += u_key_colour * lit * max(facing, 0.0) * s.specular * lobe * fresnel * 1.6 * s.occlusion;
    float soft = pow(max(dot(s.normal, normalize(u_fill + view)), 0.0), s.gloss);
    colour += u_fill_colour * s.specular * 0.4 * soft * fresnel * s.occlusion;
    float grazing = pow(1.0 - max(dot(s.normal, view), 0.0), 3.5);
    colour += s.rim * (u_rim_colour * grazing * max(dot(s.normal, u_rim), 0.0) * 0.55
                       + ambient * grazing * 0.44 * s.albedo) * s.occlusion;
    return colour + s.glow * s.albedo;
}
