"""Blender: a script that makes an animated empty of each point, and one that writes them back as CSV.

The picture stands upright in the world's XZ plane, seen from the front: its centre is the world's, x goes
right, z up, and 100 pixels are one unit. Frames are the shot's, and so is the scene's frame rate. The scripts
use what Blender's Python has alike from 4.0 on; F-Curves are found both as actions had them until 4.5 and in
the slots that they have since.
"""

from __future__ import annotations

import re
from textwrap import indent

from previz.interchange._curves import PointCurves

PIXELS_PER_UNIT = 100.0

_BUILD = '''\
"""Makes an animated empty of each handle of the previz shot {title}.

Run it in Blender 4.0 or newer: Scripting > Open > Run Script, or `blender --python FILE`. The picture stands
upright in the world's XZ plane, its centre is the world's, and {scale:g} pixels are one unit. The text
previz_to_csv.py, which it leaves in the Text Editor, writes the empties as a CSV for `previz curves import`.
"""

import math

import bpy

TITLE = {title!r}
WIDTH, HEIGHT = {width}, {height}
RATE = ({numerator}, {denominator})  # frames a second: the first by the second
FIRST_FRAME = {first}
PIXELS_PER_UNIT = {scale!r}
SET_SCENE = True  # the scene's frame rate, range and resolution become the shot's
POINTS = {{
{points}
}}


def set_scene(scene):
    frames = len(next(iter(POINTS.values())))
    scene.render.fps = math.ceil(RATE[0] / RATE[1])
    scene.render.fps_base = scene.render.fps * RATE[1] / RATE[0]
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.frame_start, scene.frame_end = FIRST_FRAME, FIRST_FRAME + frames - 1


def fcurves(animated):
    action = animated.animation_data.action
    if hasattr(action, "fcurves"):  # until Blender 4.5
        return action.fcurves
    slot = animated.animation_data.action_slot
    return action.layers[0].strips[0].channelbag(slot).fcurves


def add_empty(name, positions, collection):
    empty = bpy.data.objects.new(name, None)
    empty.empty_display_size = 0.1
    empty["previz_name"] = name
    collection.objects.link(empty)
    for frame, (x, y) in enumerate(positions, FIRST_FRAME):
        empty.location = ((x - WIDTH / 2) / PIXELS_PER_UNIT, 0.0, (HEIGHT / 2 - y) / PIXELS_PER_UNIT)
        for axis in (0, 2):
            empty.keyframe_insert(data_path="location", index=axis, frame=frame)
    for curve in fcurves(empty):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
        curve.update()


def main():
    if SET_SCENE:
        set_scene(bpy.context.scene)
    collection = bpy.data.collections.new("previz " + TITLE)
    bpy.context.scene.collection.children.link(collection)
    for name, positions in POINTS.items():
        add_empty(name, positions, collection)
    text = bpy.data.texts.new("previz_to_csv.py")
    text.from_string(TO_CSV)


TO_CSV = r"""
{back}
"""

main()
'''

_BACK = """\
# Writes animated empties as a CSV for `previz curves import`: the selected ones, else those of the
# collection. Positions are read in the world, with parents, constraints and modifiers.

import os
from fractions import Fraction

import bpy

TITLE = {title!r}
COLLECTION = "previz " + TITLE
PATH = "//" + TITLE + ".csv"  # // is the folder of the .blend file
WIDTH, HEIGHT = {width}, {height}
PIXELS_PER_UNIT = {scale!r}


def rate(render):
    return Fraction(render.fps) / Fraction(render.fps_base).limit_denominator(1001)


def empties():
    collection = bpy.data.collections.get(COLLECTION)
    chosen = list(bpy.context.selected_objects) or list(collection.objects if collection else ())
    if not chosen:
        raise RuntimeError("select the empties to write; there is no collection " + COLLECTION)
    return chosen


def position(empty):
    place = empty.matrix_world.translation
    return place[0] * PIXELS_PER_UNIT + WIDTH / 2, HEIGHT / 2 - place[2] * PIXELS_PER_UNIT


def main():
    scene, chosen = bpy.context.scene, empties()
    names = [empty.get("previz_name", empty.name) for empty in chosen]
    lines = [
        "# previz curves 1",
        "# title: " + TITLE,
        "# rate: " + str(rate(scene.render)),
        "# size: " + str(WIDTH) + "x" + str(HEIGHT),
        "# origin: top-left",
        ",".join(["frame"] + ['"' + name + "." + axis + '"' for name in names for axis in "xy"]),
    ]
    before = scene.frame_current
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        values = [value for empty in chosen for value in position(empty)]
        lines.append(",".join([str(frame)] + ["%.4f" % value for value in values]))
    scene.frame_set(before)
    path = os.path.abspath(bpy.path.abspath(PATH))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\\n".join(lines) + "\\n")
    print("previz: wrote " + path)


main()
"""


def write_blender(curves: PointCurves) -> str:
    """A script for Blender 4.0 or newer that makes an empty of each point, with a key a frame."""
    points = []
    for index, name in enumerate(curves.names):
        places = [
            f"({round(x, 4) + 0.0!r}, {round(y, 4) + 0.0!r})" for x, y in curves.positions[:, index].tolist()
        ]
        rows = [", ".join(places[start : start + 6]) for start in range(0, len(places), 6)]
        points.append(f"{name!r}: [\n" + indent(",\n".join(rows), "    ") + ",\n],")
    return _BUILD.format(
        title=_title(curves),
        width=curves.size[0],
        height=curves.size[1],
        numerator=curves.rate.numerator,
        denominator=curves.rate.denominator,
        first=curves.range.first,
        scale=PIXELS_PER_UNIT,
        points=indent("\n".join(points), "    "),
        back=write_blender_back(curves),
    )


def write_blender_back(curves: PointCurves) -> str:
    """A script for Blender that writes empties, these or others, as a CSV in pixels of the curves' size."""
    return _BACK.format(
        title=_title(curves), width=curves.size[0], height=curves.size[1], scale=PIXELS_PER_UNIT
    )


def _title(curves: PointCurves) -> str:
    """The title as a file's name that stands in a script without harm."""
    return re.sub(r"[^\w.\-]", "_", curves.title)
