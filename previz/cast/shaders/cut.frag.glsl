#version 330
// Depth of what is cut in template space: hair at its end, cloth at its neckline.
#include "cut.glsl"
in vec3 v_template;

void main() {
    if (is_cut(v_template)) discard;
}
