"""Ambient occlusion of the template, baked once per vertex from depth maps of many directions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from previz.cast._gl import create_context, matrix_data, read_shader, set_uniforms
from previz.cast._mesh import look_at, normal_gatherer, orthographic, vertex_normals
from previz.cast._pack import Kind

__all__ = ["bake_occlusion"]

DIRECTIONS = 160
OFFSET = 0.012  # dm along the normal, so that a surface doesn't hide itself


def bake_occlusion(
    vertices: NDArray[np.float32],  # [V, 3]
    casting: NDArray[np.integer],  # [T, 3] triangles that block
    receiving: NDArray[np.integer],  # [S, 3] triangles whose vertices are measured
    kind: Kind,
) -> NDArray[np.float32]:
    """Cosine-weighted share [V] of directions from which a vertex is seen; light from below counts less."""
    context = create_context()
    resolution = kind.resolution
    normals = vertex_normals(vertices, receiving, normal_gatherer(receiving, len(vertices)))
    points = np.c_[vertices + OFFSET * normals, np.ones(len(vertices))]
    depth = context.depth_texture((resolution, resolution))
    depth.compare_func = ""
    target = context.framebuffer(depth_attachment=depth)
    program = context.program(
        vertex_shader=read_shader("flat.vert.glsl"), fragment_shader=read_shader("none.frag.glsl")
    )
    mesh = context.vertex_array(
        program,
        [(context.buffer(vertices.astype("f4").tobytes()), "3f", "in_position")],
        context.buffer(casting.astype("i4").tobytes()),
    )
    context.enable(context.DEPTH_TEST)
    seen, weight = np.zeros(len(vertices)), np.zeros(len(vertices))
    centre = np.array(kind.centre)
    for i in range(DIRECTIONS):  # a Fibonacci sphere
        height = 1 - 2 * (i + 0.5) / DIRECTIONS
        angle, radius = i * 2.399963, math.sqrt(1 - height * height)
        direction = np.array([radius * math.cos(angle), height, radius * math.sin(angle)])
        up = (0.0, 0.0, 1.0) if abs(height) > 0.95 else (0.0, 1.0, 0.0)
        matrix = orthographic(kind.half, 0, 40) @ look_at(centre + 20 * direction, centre, up)
        target.use()
        target.clear(depth=1.0)
        set_uniforms(program, {"u_view_projection": matrix_data(matrix)})
        mesh.render()
        image = np.frombuffer(depth.read(), "f4").reshape(resolution, resolution)
        place = (points @ matrix.T)[:, :3] * 0.5 + 0.5
        x, y = np.clip((place[:, :2] * resolution).astype(int), 0, resolution - 1).T
        cosine = np.clip(normals @ direction, 0, 1) * (1.0 if height > -0.2 else 0.6)
        seen += (place[:, 2] <= image[y, x] + 0.0006) * cosine
        weight += cosine
    context.release()
    return np.where(weight > 0, seen / np.maximum(weight, 1e-6), 1.0).astype(np.float32)
