"""The OpenGL context without a window, and the shader files."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from previz.errors import CastError

if TYPE_CHECKING:
    import moderngl

__all__ = ["create_context", "read_shader"]

_INCLUDE = re.compile(r'^#include "([a-z.]+)"$', re.MULTILINE)


def create_context() -> moderngl.Context:
    """An OpenGL 3.3 context through EGL: a GPU's driver where EGL has one, llvmpipe on the CPU otherwise.

    CastError where moderngl or EGL is missing.
    """
    try:
        import moderngl
    except ImportError as error:
        raise CastError("rendering the cast needs moderngl: pip install 'previz[cast]'") from error
    try:
        return moderngl.create_context(standalone=True, backend="egl", require=330)
    except Exception as error:  # moderngl raises bare Exception for whatever EGL answers
        raise CastError(f"no OpenGL 3.3 through EGL ({error}); on Debian: apt install libegl1 libgl1-mesa-dri") from error


def read_shader(name: str) -> str:
    """The text of a shader in previz/cast/shaders, its `#include "file"` lines filled in."""
    text = (resources.files("previz.cast") / "shaders" / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda match: read_shader(match[1]), text)
