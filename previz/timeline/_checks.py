"""What the fields' types can't tell: whether the parts of a timeline agree with each other."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from fileseq.frameset import FrameSet

from previz.timebase import FrameRange
from previz.timeline._curve_checks import (
    check_bounds,
    check_extrapolation,
    check_frames,
    check_segments,
    check_value,
)
from previz.timeline._handle_fields import MAX_WEIGHT, GroupSpec, HandleSpec
from previz.timeline._mask_fields import MAX_FEATHER, ImagesSpec, MaskShapeSpec
from previz.timeline._masks import picture_of, read_mask_picture
from previz.timeline._modifier_fields import KINDS, LayerSpec, Modifiers
from previz.timeline._output import OutputSpec
from previz.timeline._problems import Finding, RawLoc
from previz.timeline._schema import CharacterSpec, is_file
from previz.timeline._travelling import Travel, path_line, starts_by_itself

Find = Callable[[str], Path]

MAX_CHAIN = 100
"""The most handles that follow one another in a row."""


def check_character(character: CharacterSpec, find: Find | None) -> Iterator[Finding]:
    """What is wrong with a character, its files included where there is a way to find them."""
    loc = ("character",)
    if character.seed is not None and character.latent is not None:
        yield Finding((*loc, "latent"), "the character starts from a seed or a latent, not both", on_key=True)
    if find is None:
        return
    if character.latent is not None and not is_file(find(character.latent)):
        yield Finding((*loc, "latent"), f"there is no file {character.latent}")
    if "/" in character.checkpoint and not is_file(find(character.checkpoint)):
        yield Finding((*loc, "checkpoint"), f"there is no file {character.checkpoint}")


def check_output(output: OutputSpec, find: Find | None) -> Iterator[Finding]:
    """What is wrong with an output: a name that lacks what it is made of, a guide track that isn't there."""
    for field in ("show", "seq"):
        if output.name is not None and f"{{{field}}}" in output.name and getattr(output, field) is None:
            yield Finding(
                ("output", "name"), f"the name needs a {field}, and there is none; give one, `{field}: ...`"
            )
    if find is not None and output.audio is not None and not is_file(find(output.audio.file)):
        yield Finding(("output", "audio", "file"), f"there is no file {output.audio.file}")


def check_mask(
    shapes: Iterable[MaskShapeSpec], shot: FrameRange | None, find: Find | None
) -> Iterator[Finding]:
    """What is wrong with a mask, its pictures included where there is a way to find them."""
    for index, shape in enumerate(shapes):
        loc: RawLoc = ("mask", index)
        kinds = ("ellipse", "polygon", "png", "images")
        given = [name for name in kinds if getattr(shape, name) is not None]
        if len(given) != 1:
            found = "has " + " and ".join(given) if given else "has none"
            message = f"a shape is one of ellipse, polygon, png or images; this {found}"
            yield Finding(loc, message, on_key=True)
        if shape.ellipse is not None:
            place = (*loc, "ellipse")
            yield from check_value((*place, "center"), shape.ellipse.center, shot, 2)
            yield from check_value((*place, "radius"), shape.ellipse.radius, shot, 2)
            yield from check_value((*place, "angle"), shape.ellipse.angle, shot, 1)
        yield from check_value((*loc, "polygon"), shape.polygon, shot, 0)
        yield from check_value((*loc, "feather"), shape.feather, shot, 1, (0, MAX_FEATHER))
        if shape.images is not None:
            yield from _check_images((*loc, "images"), shape.images, shot, find)
        if shape.png is not None and find is not None:
            yield from _check_picture((*loc, "png"), find(shape.png))


def _check_picture(loc: RawLoc, path: Path) -> Iterator[Finding]:
    try:
        read_mask_picture(path)
    except ValueError as error:
        yield Finding(loc, str(error))


def _check_images(
    loc: RawLoc, images: ImagesSpec, shot: FrameRange | None, find: Find | None
) -> Iterator[Finding]:
    """A sequence that has no picture for a frame; its first one is read, the others only looked for."""
    yield from check_value((*loc, "number"), images.number, shot, 1)
    try:
        names = {frame: picture_of(images, frame) for frame in shot or ()}
        if shot is None:
            picture_of(images, 0)
    except ValueError as error:
        yield Finding((*loc, "files"), str(error))
        return
    if find is None or shot is None:
        return
    there = {name: is_file(find(name)) for name in dict.fromkeys(names.values())}
    missing = [frame for frame, name in names.items() if not there[name]]
    if missing:
        message = f"there is no {names[missing[0]]}, which frame {missing[0]} shows"
        if len(missing) > 1:
            message = f"no pictures for the frames {FrameSet(missing)}; there is no {names[missing[0]]}"
        yield Finding((*loc, "files"), message)
    else:
        yield from _check_picture((*loc, "files"), find(names[shot.first]))


def check_handle(
    name: str, handle: HandleSpec, shot: FrameRange | None, grouped: bool = False
) -> Iterator[Finding]:
    """What is wrong with a handle; the frames of its keys are checked where the shot's range is known.

    `grouped` tells that a group moves it.
    """
    loc: RawLoc = ("handles", name)
    given = (("keys", handle.keys), ("path", handle.path), ("pin", handle.pin))
    ways = [way for way, value in given if value]
    if not (ways or handle.modifiers or grouped):
        yield Finding(loc, "goes nowhere: give it keys or a path, or `pin: true` to hold it", on_key=True)
    if len(ways) > 1:
        yield Finding(loc, f"has {' and '.join(ways)}; a handle has only one of them", on_key=True)
    elif handle.pin and handle.modifiers:
        message = "a pinned handle stays where it is; take away its `pin` or its modifiers"
        yield Finding((*loc, "modifiers"), message, on_key=True)
    yield from _check_travel(loc, handle, shot, handle.overrun)
    yield from check_value((*loc, "weight"), handle.weight, shot, 1, (0, MAX_WEIGHT), handle.overrun)
    yield from _check_active(loc, handle, shot)
    yield from _check_modifiers(loc, handle.modifiers or (), shot, handle.overrun)


def _check_travel(loc: RawLoc, travel: Travel, shot: FrameRange | None, overrun: bool) -> Iterator[Finding]:
    """What is wrong with the keys, the path and the timing of a handle or a layer."""
    if travel.timing and not travel.path:
        yield Finding((*loc, "timing"), "a timing needs a path to run along", on_key=True)
    closed = True
    if travel.path is not None:
        written = [name for name in ("points", "svg") if getattr(travel.path, name) is not None]
        if len(written) != 1:
            found = "has both" if written else "has neither"
            yield Finding((*loc, "path"), f"a path is either points or svg; this {found}", on_key=True)
        else:
            try:
                closed = path_line(travel.path, travel.at)[1]
            except ValueError as error:
                yield Finding((*loc, "path", written[0]), str(error))
    for frame, key in (travel.keys or {}).items():
        if (key.to is None) == (key.by is None):
            found = "this has neither" if key.to is None else "this has both"
            yield Finding((*loc, "keys", frame), f"a key says `to` or `by`; {found}", on_key=True)
    for frame, timing in () if closed else (travel.timing or {}).items():
        yield from check_bounds((*loc, "timing", frame, "to"), timing.to, 0, 1)
    keyed = (("keys", travel.keys, 2), ("timing", travel.timing, 1))
    for field, keys, size in keyed:
        if keys:
            implied = shot is not None and min(keys) > shot.first and starts_by_itself(travel)
            start = shot.first if implied and shot is not None else None
            yield from check_segments((*loc, field), keys, travel.interp, start)
            yield from check_extrapolation(loc, travel.extrapolate, size, len(keys) + implied)
            if shot is not None and not overrun:
                yield from check_frames((*loc, field), keys, shot)


def _check_active(loc: RawLoc, handle: HandleSpec, shot: FrameRange | None) -> Iterator[Finding]:
    active = handle.active
    for field in ("blend_in", "blend_out"):
        if active is None and getattr(handle, field):
            message = f"needs `active`, the frames on which the handle is on: `active: {shot or '1001-1020'}`"
            yield Finding((*loc, field), message, on_key=True)
    if active is not None and shot is not None and (active.last < shot.first or active.first > shot.last):
        yield Finding((*loc, "active"), f"{active} has no frame of the shot's, {shot}")


def _check_modifiers(
    loc: RawLoc, modifiers: Modifiers | tuple[()], shot: FrameRange | None, overrun: bool
) -> Iterator[Finding]:
    for index, modifier in enumerate(modifiers):
        place = (*loc, "modifiers", index)
        given = [kind for kind in KINDS if getattr(modifier, kind) is not None]
        may_overrun = overrun or modifier.overrun
        if len(given) != 1:
            found = "is " + " and ".join(given) if given else "is none"
            kinds = "noise, jitter, cycle, follow, mirror or layer"
            yield Finding(place, f"a modifier is one of {kinds}; this {found}", on_key=True)
        for kind in given:
            spec = getattr(modifier, kind)
            yield from check_value((*place, kind, "weight"), spec.weight, shot, 1, None, may_overrun)
        cycle = modifier.cycle
        if cycle is not None and (cycle.period is None) == (cycle.frequency is None):
            found = "this has neither" if cycle.period is None else "this has both"
            message = f"a cycle has a period in frames or a frequency in Hz; {found}"
            yield Finding((*place, "cycle"), message, on_key=True)
        if isinstance(modifier.layer, LayerSpec):
            yield from _check_layer((*place, "layer"), modifier.layer, shot, may_overrun)


def _check_layer(loc: RawLoc, layer: LayerSpec, shot: FrameRange | None, overrun: bool) -> Iterator[Finding]:
    if (layer.keys is None) == (layer.path is None):
        found = "has neither" if layer.keys is None else "has both"
        yield Finding(loc, f"a layer goes by keys or along a path; this {found}", on_key=True)
    yield from _check_travel(loc, layer, shot, overrun)


def check_leaders(handles: Mapping[str, HandleSpec], names: Collection[str]) -> Iterator[Finding]:
    """Handles that follow or mirror one that isn't there, or in a circle; `names` are all there are."""
    leads: dict[str, list[str]] = {}
    for name, handle in handles.items():
        for index, modifier in enumerate(handle.modifiers or ()):
            for kind, spec in (("follow", modifier.follow), ("mirror", modifier.mirror)):
                if spec is None:
                    continue
                loc = ("handles", name, "modifiers", index, kind, "handle")
                if spec.handle not in names:
                    yield Finding(loc, _no_handle(spec.handle, names))
                    continue
                circle = _way(leads, spec.handle, name)
                if circle is not None:
                    yield Finding(loc, _circle([name, *circle]))
                    continue
                leads.setdefault(name, []).append(spec.handle)
    for name in handles:
        if _chain(leads, name) > MAX_CHAIN:
            message = f"more than {MAX_CHAIN} handles follow one another up to this one"
            yield Finding(("handles", name), message, on_key=True)
            return


def _no_handle(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"handles are {', '.join(list(names)[:8])}"
    return f"there is no handle {name}; {hint}"


def _circle(names: list[str]) -> str:
    if names[0] == names[1]:
        return f"{names[0]} can't follow itself; name another handle"
    way = ", which follows ".join(names[1:])
    return f"{names[0]} follows {way}: a circle, in which none leads; take one of them out"


def _way(leads: Mapping[str, list[str]], start: str, goal: str) -> list[str] | None:
    """The handles from `start` to `goal`, each following the next, if there is such a way."""
    came: dict[str, str | None] = {start: None}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            way = [name]
            while (before := came[way[-1]]) is not None:
                way.append(before)
            return way[::-1]
        for leader in leads.get(name, ()):
            if leader not in came:
                came[leader] = name
                waiting.append(leader)
    return None


def _chain(leads: Mapping[str, list[str]], name: str) -> int:
    """How many handles follow one another up to this one, counted no further than there may be."""
    length, row = 0, {name}
    while row and length <= MAX_CHAIN:
        row = {leader for one in row for leader in leads.get(one, ())}
        length += 1
    return length


def check_groups(
    groups: Mapping[str, GroupSpec],
    handles: Mapping[str, HandleSpec],
    names: Collection[str],
    shot: FrameRange | None,
) -> Iterator[Finding]:
    """What is wrong with groups; `handles` are those that are sound, `names` all there are."""
    for name, group in groups.items():
        loc: RawLoc = ("groups", name)
        for index, handle in enumerate(group.handles):
            place = (*loc, "handles", index)
            if handle not in names:
                yield Finding(place, _no_handle(handle, names))
            elif handle in handles and handles[handle].pin:
                yield Finding(place, f"{handle} is pinned; take it out of the group, or take away its `pin`")
        yield from check_value((*loc, "offset"), group.offset, shot, 2)
        yield from _check_modifiers(loc, group.modifiers or (), shot, overrun=False)
        for index, modifier in enumerate(group.modifiers or ()):
            for kind in ("follow", "mirror"):
                if getattr(modifier, kind) is not None:
                    message = f"a group can't {kind} a handle; give the modifier to its handles"
                    yield Finding((*loc, "modifiers", index, kind), message, on_key=True)
