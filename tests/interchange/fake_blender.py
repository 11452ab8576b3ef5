"""As much of Blender's Python as the scripts use, for either of its two ways to keep F-Curves.

Values are kept in single precision, as Blender keeps them.
"""

import sys
import types
from fractions import Fraction
from pathlib import Path

import numpy as np


class Key:
    def __init__(self, frame: float, value: float) -> None:
        self.co = (float(np.float32(frame)), float(np.float32(value)))
        self.interpolation = "BEZIER"


class Curve:
    def __init__(self, data_path: str, array_index: int) -> None:
        self.data_path, self.array_index, self.keyframe_points = data_path, array_index, []

    def update(self) -> None:
        self.keyframe_points.sort(key=lambda key: key.co)

    def evaluate(self, frame: float) -> float:
        return float(np.interp(frame, *zip(*(key.co for key in self.keyframe_points), strict=True)))


class Empty(dict):
    """An object without data; its custom properties are its items."""

    def __init__(self, name: str, curves_of_action: bool) -> None:
        super().__init__()
        self.name, self.location, self.curves = name, (0.0, 0.0, 0.0), []
        self.matrix_world = types.SimpleNamespace(translation=(0.0, 0.0, 0.0))
        slot, bag = object(), types.SimpleNamespace(fcurves=self.curves)
        strip = types.SimpleNamespace(channelbag=lambda asked: bag if asked is slot else None)
        layered = types.SimpleNamespace(layers=[types.SimpleNamespace(strips=[strip])])
        action = types.SimpleNamespace(fcurves=self.curves) if curves_of_action else layered
        self.animation_data = types.SimpleNamespace(action=action, action_slot=slot)

    def keyframe_insert(self, *, data_path: str, index: int, frame: float) -> None:
        curve = next((c for c in self.curves if c.array_index == index), None)
        if curve is None:
            self.curves.append(curve := Curve(data_path, index))
        curve.keyframe_points.append(Key(frame, getattr(self, data_path)[index]))


class Blender:
    """The module `bpy`, of Blender 4 or 5, with an empty scene; `run` runs a script in it."""

    def __init__(self, folder: Path, version: int = 5) -> None:
        self.folder, self.texts, self.everything = folder, {}, []
        render = types.SimpleNamespace(fps=24, fps_base=1.0, resolution_x=1920, resolution_y=1080)
        self.scene = types.SimpleNamespace(
            render=render,
            frame_start=1,
            frame_end=250,
            frame_current=1,
            frame_set=self.frame_set,
            collection=types.SimpleNamespace(children=types.SimpleNamespace(link=lambda collection: None)),
        )
        self.selected: list[Empty] = []
        self.collections: dict[str, types.SimpleNamespace] = {}
        self.module = types.ModuleType("bpy")
        self.module.context = types.SimpleNamespace(scene=self.scene, selected_objects=self.selected)
        self.module.path = types.SimpleNamespace(abspath=lambda path: str(folder / path.removeprefix("//")))
        collections = types.SimpleNamespace(new=self.new_collection, get=self.collections.get)
        objects = types.SimpleNamespace(new=lambda name, data: Empty(name, version < 5))
        texts = types.SimpleNamespace(new=self.new_text)
        self.module.data = types.SimpleNamespace(collections=collections, objects=objects, texts=texts)

    def new_collection(self, name: str) -> types.SimpleNamespace:
        objects = Linked()
        self.everything.append(objects)
        self.collections[name] = types.SimpleNamespace(name=name, objects=objects)
        return self.collections[name]

    def new_text(self, name: str) -> types.SimpleNamespace:
        return types.SimpleNamespace(from_string=lambda text: self.texts.__setitem__(name, text))

    def frame_set(self, frame: int) -> None:
        self.scene.frame_current = frame
        self.scene.render.fps_base = float(np.float32(self.scene.render.fps_base))
        for empty in (empty for objects in self.everything for empty in objects):
            place = list(empty.location)
            for curve in empty.curves:
                place[curve.array_index] = curve.evaluate(frame)
            empty.matrix_world.translation = tuple(place)

    @property
    def rate(self) -> Fraction:
        return Fraction(self.scene.render.fps) / Fraction(self.scene.render.fps_base).limit_denominator(1001)

    def run(self, script: str) -> None:
        before = sys.modules.get("bpy")
        sys.modules["bpy"] = self.module
        try:
            exec(compile(script, "script.py", "exec"), {"__name__": "__main__"})
        finally:
            if before is None:
                del sys.modules["bpy"]
            else:
                sys.modules["bpy"] = before


class Linked(list):
    """The objects of a collection."""

    def link(self, empty: Empty) -> None:
        self.append(empty)
