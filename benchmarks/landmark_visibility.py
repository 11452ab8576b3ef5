"""Is a landmark said to be seen when it is? Two independent ways, compared on 100 pictures.

`Renderer.landmarks` decides by intersecting, on the screen, the landmark with the projected triangles before
it. Here a ray goes through space, from the eye of the camera to the landmark, and every triangle that the
shaders draw there is tested by Moeller and Trumbore's formula (1997), in float64, with the same margin before
the landmark's own surface. On heads, hair and cloth that the shaders cut away are left out triangle by
triangle, by their centres, in both; on full figures, by the place of the hit on the template.

    PREVIZ_CAST_PACK=cast-work/pack.npz python -m benchmarks.landmark_visibility

A pack of heads is asked for the head family, one of bodies for the body family.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.cast import Renderer, Scene, find_domain, load_pack, random_z
from previz.cast import _renderer as drawing
from previz.cast import _visibility as visibility
from previz.cast._pose import Figure, Posed, landmark_points, pose_figure

Surface = tuple[NDArray[np.floating], NDArray[np.integer], NDArray[np.floating], visibility.There | None]
PICTURES = 100
SEED = 77


def hit_before(
    eye: NDArray[np.float64],  # [3]
    points: NDArray[np.float64],  # [K, 3]
    corners: NDArray[np.float64],  # [T, 3, 3]
    margin: NDArray[np.float64],  # [K] dm before the point within which a hit doesn't count
    template: NDArray[np.float64],  # [T, 3, 3] the corners on the template
    there: visibility.There | None,  # which places of the template [N, 3] are drawn; all when None
) -> NDArray[np.bool_]:
    """Which segments from the eye to the points [K] a triangle cuts."""
    a, edge_1, edge_2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    blocked = np.zeros(len(points), np.bool_)
    for index, point in enumerate(points):
        way = point - eye
        length = float(np.linalg.norm(way))
        way = way / length
        p = np.cross(way, edge_2)
        determinant = (edge_1 * p).sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / determinant
            s = eye - a
            u = (s * p).sum(1) * inverse
            q = np.cross(s, edge_1)
            v = (q @ way) * inverse
            distance = (edge_2 * q).sum(1) * inverse
        hits = (np.abs(determinant) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1)
        hits &= (distance > 1e-6) & (distance < length - margin[index])
        if there is not None and hits.any():
            shares = np.stack([1 - u - v, u, v], 1)[hits]
            hits[hits] = there(np.einsum("nk,nkc->nc", shares, template[hits]))
        blocked[index] = bool(hits.any())
    return blocked


def _surfaces(figure: Figure, posed: Posed, scene: Scene) -> list[Surface]:
    """Vertices, triangles, template and drawn places of everything that may hide a landmark."""
    found: list[Surface] = [(posed.vertices, *blocker) for blocker in visibility._blockers(figure, scene)]
    if figure.hair is not None:
        hair = figure.hair
        if figure.pack.figure == "body":
            found.append(
                (posed.hair_vertices, hair.triangles, hair.template, lambda t: visibility._is_hair(t, scene))
            )
        else:
            kept = visibility._uncut(hair.template[hair.triangles].mean(1), scene)
            found.append((posed.hair_vertices, hair.triangles[kept], hair.template, None))
    return found


def main() -> None:
    """Print how often the two agree, and every landmark on which they don't."""
    path = os.environ.get("PREVIZ_CAST_PACK")
    if not path:
        sys.exit("PREVIZ_CAST_PACK names no asset pack; make one with `previz cast pack`")
    renderer = Renderer(load_pack(Path(path)))
    domain = find_domain(renderer.pack.figure)
    pack = renderer.pack
    names = list(pack.landmarks)
    eyes = np.isin(pack.part[list(pack.landmarks.values())], [pack.parts.index("eyes")])
    agree, total, shown, differing = 0, 0, 0, []
    for picture in range(PICTURES):
        scene = domain.scene_from_z(random_z(domain, SEED, picture))
        figure = renderer._model(scene.identity).figure
        posed = pose_figure(figure, scene)
        view, eye = drawing._camera(scene.camera, figure, domain.aspect[1] / domain.aspect[0])
        points = landmark_points(figure, posed, scene).astype(np.float64)
        margin = np.where(eyes, 0.1, 1.0) * visibility.MARGIN
        blocked = visibility.undrawn(figure, scene)
        for vertices, triangles, template, there in _surfaces(figure, posed, scene):
            corners = vertices[triangles].astype(np.float64)
            blocked |= hit_before(eye, points, corners, margin, template[triangles].astype(np.float64), there)
        place = drawing.project(points, view)[:, :2]
        truth = ~blocked & ((place >= 0) & (place < 1)).all(1)
        said = renderer.landmarks(scene, domain.picture_shape(256))[1]
        agree, total, shown = agree + int((said == truth).sum()), total + len(names), shown + int(truth.sum())
        differing += [(picture, names[k], bool(said[k])) for k in np.flatnonzero(said != truth)]
    print(f"{agree} of {total} agree ({agree / total:.2%}); {shown / total:.0%} are seen")
    for picture, name, seen in differing:
        print(f"picture {picture}: {name} is said to be {'seen' if seen else 'hidden'}")


if __name__ == "__main__":
    main()
