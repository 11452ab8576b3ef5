"""The OpenGL context without a window, and the shader files."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from previz.errors import CastError

if TYPE_CHECKING:
    import moderngl

__all__ = ["create_context", "matrix_data", "read_shader", "set_uniforms"]

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
        settings: dict[str, Any] = {"backend": "egl"}
        return moderngl.create_context(standalone=True, require=330, **settings)
    except Exception as error:  # moderngl raises bare Exception for whatever EGL answers
        hint = "on Debian: apt install libegl1 libgl1-mesa-dri"
        raise CastError(f"no OpenGL 3.3 through EGL ({error}); {hint}") from error


def read_shader(name: str) -> str:
    """The text of a shader in previz/cast/shaders, its `#include "file"` lines filled in."""
    text = (resources.files("previz.cast") / "shaders" / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda match: read_shader(match[1]), text)


def matrix_data(matrix: NDArray[np.float64]) -> bytes:
    """A matrix as OpenGL wants it: float32, column by column."""
    return matrix.T.astype("<f4").tobytes()


def set_uniforms(program: moderngl.Program, values: dict[str, Any]) -> None:
    """Set the uniforms that a program has: those it does not use were optimised away."""
    for name, value in values.items():
        uniform: Any = program.get(name, None)
        if uniform is None:
            continue
        if isinstance(value, bytes):
            uniform.write(value)
        else:
            uniform.value = value
