"""A domain: a family of pictures, and the fixed map from a code z to the scene that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from previz.cast._scene import Scene
from previz.errors import CastError

__all__ = ["GROUPS", "Domain", "normalised", "random_z", "uniform_axes"]

GROUPS = ("identity", "hair", "colour", "light", "pose", "expression", "gaze")
PERFORMED = ("pose", "expression", "gaze")  # the groups that one person may change from frame to frame


@dataclass(frozen=True)
class Domain:
    """What a generator learns to draw.

    The scene is a function of the normalised code, as the generator sees z only after StyleGAN2's division
    by its root mean square; every dimension of z drives something.
    """

    name: str
    description: str
    z_names: tuple[str, ...]
    z_groups: Mapping[str, tuple[int, ...]]  # group -> dimensions of z
    aspect: tuple[int, int]  # height : width
    scene: Callable[[NDArray[np.float64]], Scene]  # z [Z] -> scene
    factors: Callable[[NDArray[np.float64]], NDArray[np.float32]]  # z [N, Z] -> [N, P], each about -1..1
    factor_names: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]  # group -> names of factors
    figure: str = "head"  # the kind of pack that it is drawn from
    # name of an expression -> values of normalised z by name; dimensions that it doesn't name keep theirs
    expressions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def z_dim(self) -> int:
        """How many numbers a code has."""
        return len(self.z_names)

    @property
    def performance(self) -> list[str]:
        """The names of the dimensions of z that a person's performance is made of."""
        return [self.z_names[index] for group in PERFORMED for index in self.z_groups.get(group, ())]

    def scene_from_z(self, z: ArrayLike) -> Scene:
        """The scene that a code [Z] stands for: its direction alone matters. ValueError for another shape."""
        code = np.asarray(z, np.float64)
        if code.shape != (self.z_dim,):
            raise ValueError(
                f"z has shape {list(code.shape)}, expected [{self.z_dim}] ({', '.join(self.z_names)})"
            )
        return self.scene(code)

    def with_expression(self, z: ArrayLike, name: str) -> NDArray[np.float32]:
        """The code [Z] of the same scene with a named expression; CastError, with the names, for another."""
        if name not in self.expressions:
            raise CastError(f"{self.name} has no expression {name!r}; it has {', '.join(self.expressions)}")
        code = normalised(np.asarray(z, np.float64))
        for dimension, value in self.expressions[name].items():
            code[self.z_names.index(dimension)] = value
        return code.astype(np.float32)

    def picture_shape(self, size: int) -> tuple[int, int]:
        """(height, width) of a picture whose long side is `size` px."""
        long = max(self.aspect)
        return size * self.aspect[0] // long, size * self.aspect[1] // long


def normalised(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """z [..., Z] over its root mean square."""
    scale: NDArray[np.float64] = np.sqrt(np.mean(z**2, axis=-1, keepdims=True) + 1e-8)
    return np.asarray(z / scale, np.float64)


def uniform_axes(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """z [..., Z] to -1..1, close to uniform for a random code."""
    return np.asarray(erf(normalised(z) / np.sqrt(2)), np.float64)


def random_z(domain: Domain, seed: int, index: int) -> NDArray[np.float32]:
    """The code [Z] of picture `index` of a dataset: standard normal, from a generator of its own."""
    return np.random.default_rng([seed, index]).standard_normal(domain.z_dim).astype(np.float32)
