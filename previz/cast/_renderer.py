"""Pictures and landmarks of a scene, drawn with OpenGL through EGL: on a GPU, or on the CPU by llvmpipe."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from previz.cast._gl import create_context, matrix_data, read_shader, set_uniforms
from previz.cast._mesh import look_at, orthographic, perspective
from previz.cast._pack import Pack
from previz.cast._pose import Figure, Posed, landmark_points, make_figure, pose_figure, take_stock
from previz.cast._scene import Camera, Identity, Light, Materials, Outfit, Scene
from previz.cast._visibility import visible_points
from previz.errors import CastError

if TYPE_CHECKING:
    import moderngl

__all__ = ["Renderer"]

SUPERSAMPLING = 2  # rendered this many times larger, beside the multisampling
MULTISAMPLING = 4
SHADOW_SIZE = 512
MODELS = 4  # identities whose buffers are kept
SHADERS = {
    "skin": "skin",
    "eyes": "eye",
    "teeth": "mouth",
    "tongue": "mouth",
    "lashes": "lash",
    "cloth": "cloth",
    "hair": "hair",
}
BODY_SHADERS = SHADERS | {"cloth": "outfit", "skirt": "outfit"}
LAYERS = ("skin", "cloth", "skirt")  # of a full figure: what clothes cut, in the order of dressed.frag.glsl
SHADOWLESS = ("eyes", "lashes")  # cast no shadow of their own


@dataclass(frozen=True)
class _Batch:
    """One part on the graphics side: its shading and its depth-only vertex arrays."""

    name: str
    shaded: moderngl.VertexArray
    depth: moderngl.VertexArray
    buffers: tuple[moderngl.Buffer, ...]  # of its own: what stays, and the triangles


@dataclass(frozen=True)
class _Model:
    """An identity with its buffers; body and hair positions and normals are rewritten for each picture."""

    figure: Figure
    body: moderngl.Buffer
    hair: moderngl.Buffer | None
    batches: tuple[_Batch, ...]

    def release(self) -> None:
        """Give the memory on the graphics side back."""
        for batch in self.batches:
            batch.shaded.release()
            batch.depth.release()
            for buffer in batch.buffers:
                buffer.release()
        self.body.release()
        if self.hair is not None:
            self.hair.release()


class Renderer:
    """Draws scenes of a pack. The same scene gives the same picture, bit for bit, on the same device.

    `gl_renderer` says what draws, for instance "llvmpipe (LLVM 19.1.7, 256 bits)".
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._stock = take_stock(pack)
        self._context = create_context()
        self.gl_renderer: str = self._context.info["GL_RENDERER"]
        self._models: dict[Identity, _Model] = {}
        self._posed: tuple[Scene, Posed] | None = None
        self._targets: dict[tuple[int, int], tuple[moderngl.Framebuffer, moderngl.Framebuffer]] = {}
        self._whole = pack.figure == "body"
        self._shaders = BODY_SHADERS if self._whole else SHADERS
        self._programs = {
            name: self._program("surface.vert.glsl", f"{name}.frag.glsl")
            for name in set(self._shaders.values())
        }
        self._solid = self._program("depth.vert.glsl", "none.frag.glsl")
        self._cut = self._program("depth.vert.glsl", "cut.frag.glsl")
        self._dressed = self._program("depth.vert.glsl", "dressed.frag.glsl")
        self._backdrop_program = self._program("backdrop.vert.glsl", "backdrop.frag.glsl")
        corners = self._context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._backdrop = self._context.vertex_array(self._backdrop_program, [(corners, "2f", "in_place")])
        self._floor_program = self._program("floor.vert.glsl", "floor.frag.glsl")
        level = self._context.buffer(np.array([-40, -40, 40, -40, -40, 25, 40, 25], "f4").tobytes())
        self._floor = self._context.vertex_array(self._floor_program, [(level, "2f", "in_place")])
        self._shadow = self._context.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self._shadow.compare_func = "<="
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadow)

    def render(self, scene: Scene, size: int | tuple[int, int]) -> NDArray[np.uint8]:
        """The picture [height, width, 3] of a scene; `size` is (height, width), or the side of a square.

        CastError where the scene needs what the pack has not.
        """
        self._check(scene)
        height, width = (size, size) if isinstance(size, int) else size
        model = self._model(scene.identity)
        posed = self._pose(model.figure, scene)
        self._upload(model, posed)
        view, eye = _camera(scene.camera, model.figure, width / height)
        shadow = _shadow_camera(scene, model.figure)
        gl = self._context
        gl.enable_only(gl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._draw_depth(model, scene, shadow, SHADOWLESS)
        multisampled, resolved = self._target((width * SUPERSAMPLING, height * SUPERSAMPLING))
        multisampled.use()
        multisampled.clear(depth=1.0)
        self._draw_backdrop(scene.light)
        if self._whole:
            self._draw_floor(model.figure, posed, scene, view, shadow)
        multisampled.color_mask = False, False, False, False
        self._draw_depth(model, scene, view, ())
        multisampled.color_mask = True, True, True, True
        self._draw_surfaces(model, scene, view, shadow, eye)
        gl.copy_framebuffer(resolved, multisampled)
        large = np.frombuffer(resolved.read(components=3, alignment=1), np.uint8)
        return _shrink(large.reshape(height * SUPERSAMPLING, width * SUPERSAMPLING, 3)[::-1])

    def landmarks(
        self, scene: Scene, size: int | tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Landmarks [K, 2] in px of a picture of this size, and which are seen [K], in the pack's order.

        A landmark is seen when it is in the picture and nothing lies between it and the camera, found exactly
        by casting a ray at the posed triangles. The origin is the picture's top-left corner.
        """
        self._check(scene)
        height, width = (size, size) if isinstance(size, int) else size
        figure = self._model(scene.identity).figure
        posed = self._pose(figure, scene)
        view, _ = _camera(scene.camera, figure, width / height)
        points = project(landmark_points(figure, posed, scene), view)
        seen = visible_points(figure, posed, scene, points, lambda vertices: project(vertices, view))
        place = points[:, :2].astype(np.float32)
        inside = ((place >= 0) & (place < 1)).all(1)
        return place * np.array([width, height], np.float32), seen & inside

    def _program(self, vertex: str, fragment: str) -> moderngl.Program:
        return self._context.program(vertex_shader=read_shader(vertex), fragment_shader=read_shader(fragment))

    def _check(self, scene: Scene) -> None:
        """CastError where the pack can't show the scene."""
        if scene.camera.whole_figure and not self._whole:
            raise CastError(
                "the scene shows a whole figure and the pack holds heads; "
                "build one with `previz cast pack --figure body`"
            )

    def _pose(self, figure: Figure, scene: Scene) -> Posed:
        """The posed figure; the last one is kept, as a picture and its landmarks are asked for in turn."""
        if self._posed is None or self._posed[0] is not scene:
            self._posed = scene, pose_figure(figure, scene)
        return self._posed[1]

    def _model(self, identity: Identity) -> _Model:
        """The identity's figure and buffers, made when first asked for and kept for the next few pictures."""
        if identity not in self._models:
            if len(self._models) >= MODELS:
                self._models.pop(next(iter(self._models))).release()
            self._models[identity] = self._build(make_figure(self._stock, identity))
        return self._models[identity]

    def _build(self, figure: Figure) -> _Model:
        """Buffers of an identity: what moves apart from what stays."""
        pack, gl = self.pack, self._context
        template = figure.stock.template
        count = len(template)
        static = np.hstack([template, pack.masks, np.zeros((count, 2)), pack.occlusion[:, None]])
        body = gl.buffer(reserve=count * 24, dynamic=True)
        fixed = gl.buffer(static.astype("f4").tobytes())
        batches = [self._batch(name, body, fixed, figure.stock.drawn[name]) for name in pack.parts]
        hair_buffer = None
        if figure.hair is not None:
            hair = figure.hair
            count = len(hair.vertices)
            static = np.hstack([hair.template, np.zeros((count, 4)), hair.texture, np.ones((count, 1))])
            hair_buffer = gl.buffer(reserve=count * 24, dynamic=True)
            batches.append(
                self._batch("hair", hair_buffer, gl.buffer(static.astype("f4").tobytes()), hair.triangles)
            )
        return _Model(figure, body, hair_buffer, tuple(batches))

    def _batch(
        self, name: str, moving: moderngl.Buffer, fixed: moderngl.Buffer, triangles: NDArray[np.int32]
    ) -> _Batch:
        gl = self._context
        index = gl.buffer(triangles.astype("i4").tobytes())
        layout = ("in_template", "in_mask", "in_texture", "in_occlusion")
        shaded = gl.vertex_array(
            self._programs[self._shaders[name]],
            [(moving, "3f 3f", "in_position", "in_normal"), (fixed, "3f 4f 2f 1f", *layout)],
            index,
            skip_errors=True,
        )
        program = self._depth_program(name)
        buffers: list[Any] = [(moving, "3f 12x", "in_position")]
        if program is not self._solid:
            buffers.append((fixed, "3f 28x", "in_template"))
        depth = gl.vertex_array(program, buffers, index)
        return _Batch(name, shaded, depth, (fixed, index))

    def _depth_program(self, part: str) -> moderngl.Program:
        """What draws the depth of a part: some are cut."""
        if self._whole and part in LAYERS:
            return self._dressed
        return self._cut if part in {"hair", "cloth"} else self._solid

    def _upload(self, model: _Model, posed: Posed) -> None:
        model.body.write(np.hstack([posed.vertices, posed.normals]).astype("f4").tobytes())
        if model.hair is not None:
            model.hair.write(np.hstack([posed.hair_vertices, posed.hair_normals]).astype("f4").tobytes())

    def _target(self, size: tuple[int, int]) -> tuple[moderngl.Framebuffer, moderngl.Framebuffer]:
        """The multisampled framebuffer of a (width, height), and the plain one that it is resolved into."""
        if size not in self._targets:
            gl = self._context
            samples = min(MULTISAMPLING, gl.max_samples)
            self._targets[size] = (
                gl.framebuffer(
                    [gl.renderbuffer(size, 4, samples=samples)],
                    gl.depth_renderbuffer(size, samples=samples),
                ),
                gl.framebuffer([gl.renderbuffer(size, 4)]),
            )
        return self._targets[size]

    def _draw_depth(
        self, model: _Model, scene: Scene, matrix: NDArray[np.float64], without: tuple[str, ...]
    ) -> None:
        """Depth alone, through `matrix`, of all parts but some."""
        data = matrix_data(matrix)
        set_uniforms(self._solid, {"u_view_projection": data})
        identity = scene.identity
        values = {"u_hair_end": identity.hair_end, "u_hair_window": identity.hair_window}
        values |= {"u_neckline": scene.materials.neckline}
        set_uniforms(self._cut, {"u_view_projection": data} | values)
        if self._whole:
            set_uniforms(self._dressed, {"u_view_projection": data} | values | _uniforms(scene.outfit))
        for batch in model.batches:
            if batch.name not in without:
                set_uniforms(self._cut, {"u_is_cloth": batch.name == "cloth"})
                if self._whole and batch.name in LAYERS:
                    set_uniforms(self._dressed, {"u_layer": LAYERS.index(batch.name)})
                batch.depth.render()

    def _draw_backdrop(self, light: Light) -> None:
        gl = self._context
        set_uniforms(
            self._backdrop_program, {"u_centre": light.backdrop_centre, "u_edge": light.backdrop_edge}
        )
        gl.disable(gl.DEPTH_TEST)
        self._backdrop.render(gl.TRIANGLE_STRIP)
        gl.enable(gl.DEPTH_TEST)

    def _draw_floor(
        self,
        figure: Figure,
        posed: Posed,
        scene: Scene,
        view: NDArray[np.float64],
        shadow: NDArray[np.float64],
    ) -> None:
        """The floor over the backdrop: everything else stands before it."""
        gl = self._context
        heels = [figure.pack.landmarks[f"{name}_{side}"] for side in ("L", "R") for name in ("heel", "toe")]
        feet = posed.vertices[heels][:, [0, 2]].reshape(2, 4)
        self._shadow.use(0)
        values = {
            "u_view_projection": matrix_data(view),
            "u_shadow_projection": matrix_data(shadow),
            "u_shadow": 0,
            "u_shadow_texel": 1 / SHADOW_SIZE,
            "u_height": figure.floor,
            "u_floor": scene.floor,
            "u_tint": scene.light.floor,
            "u_feet": [tuple(foot) for foot in feet.tolist()],
        }
        set_uniforms(self._floor_program, values)
        gl.disable(gl.DEPTH_TEST)
        gl.enable(gl.BLEND)
        gl.blend_func = gl.ONE, gl.ONE_MINUS_SRC_ALPHA
        self._floor.render(gl.TRIANGLE_STRIP)
        gl.disable(gl.BLEND)
        gl.enable(gl.DEPTH_TEST)

    def _draw_surfaces(
        self,
        model: _Model,
        scene: Scene,
        view: NDArray[np.float64],
        shadow: NDArray[np.float64],
        eye: NDArray[np.float64],
    ) -> None:
        """Shade only what the depth pass left in front."""
        gl = self._context
        gl.depth_func = "=="
        self._shadow.use(0)
        values = _uniforms(scene.light) | _uniforms(scene.materials)
        if self._whole:
            values |= _uniforms(scene.outfit)
        values |= {"u_eye": tuple(eye.tolist()), "u_shadow": 0, "u_shadow_texel": 1 / SHADOW_SIZE}
        values |= {
            "u_view_projection": matrix_data(view),
            "u_shadow_projection": matrix_data(shadow),
            "u_is_cloth": True,
        }
        for batch in model.batches:
            set_uniforms(batch.shaded.program, values | _which(batch.name))
            batch.shaded.render()
        gl.depth_func = "<"


def project(points: NDArray[np.floating], view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [N, 3] to (x right, y down, depth), 0..1 over the picture; depth is linear on the screen."""
    clip = points @ view[:, :3].T + view[:, 3]
    place = clip[:, :3] / clip[:, 3:]
    return np.stack([0.5 + 0.5 * place[:, 0], 0.5 - 0.5 * place[:, 1], place[:, 2]], 1)


def _camera(camera: Camera, figure: Figure, aspect: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The view-projection matrix [4, 4] and the eye's place [3]; `aspect` is width / height."""
    low = figure.floor if camera.whole_figure else figure.chin
    height = figure.crown - low
    half = camera.half_height * height
    centre = np.array([0.0, low + camera.aim * height, 0.0 if camera.whole_figure else 0.5])
    distance = half / np.tan(np.radians(camera.field_of_view) / 2)
    up = np.radians(camera.elevation)
    eye = centre + distance * np.array([0.0, np.sin(up), np.cos(up)])
    lens = perspective(camera.field_of_view, 0.4 * distance, distance + (40 if camera.whole_figure else 8))
    lens[0] /= aspect
    return lens @ look_at(eye, centre), eye


def _shadow_camera(scene: Scene, figure: Figure) -> NDArray[np.float64]:
    """The key light's view [4, 4]: parallel, just around the head, or around the figure and its shadow."""
    if scene.camera.whole_figure:
        height = figure.crown - figure.floor
        centre = np.array([0.0, figure.floor + 0.5 * height, 0.0])
        return orthographic(0.68 * height, 0, 80) @ look_at(centre + 40 * np.array(scene.light.key), centre)
    height = figure.crown - figure.chin
    centre = np.array([0.0, figure.chin + 0.45 * height, 0.4])
    return orthographic(0.95 * height, 0, 12) @ look_at(centre + 6 * np.array(scene.light.key), centre)


def _which(part: str) -> dict[str, Any]:
    """The uniforms that tell parts which share a shader apart."""
    return {"u_is_tongue": part == "tongue", "u_is_skirt": part == "skirt"}


def _uniforms(group: Light | Materials | Outfit) -> dict[str, Any]:
    """The fields of a part of the scene as the shaders' uniforms."""
    return {f"u_{field.name}": getattr(group, field.name) for field in fields(group)}


def _shrink(large: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average 2 x 2 pixels, rounding to nearest: [2 H, 2 W, 3] to [H, W, 3]."""
    wide = large.astype(np.uint16)
    rows = wide[0::2] + wide[1::2]
    return ((rows[:, 0::2] + rows[:, 1::2] + 2) >> 2).astype(np.uint8)
