"""Starting a generator from what another has learnt to draw, though its w will mean something else.

A run on renders teaches its mapping anew. Every layer reads w by an affine map, and both ws tell the same
factors nearly linearly, so that the old w is nearly a linear map of the new one: written into the affine
maps, it lets the layers read the new w as they read the old. What it misses is soon learnt again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from previz.cast._domain import Domain
from previz.errors import CastError
from previz.generator import Generator
from previz.generator._layers import FullyConnected

__all__ = ["Source", "adopt", "check_source"]

CODES = 20_000  # that the two mappings are compared on


class Source(NamedTuple):
    """A trained generator, and the path that named it."""

    path: Path
    generator: Generator

    @property
    def size(self) -> int:
        """The longer side of its pictures, px."""
        return max(self.generator.config.height, self.generator.config.width)

    def __str__(self) -> str:
        """What a card says of it."""
        return f"{self.path.name}, digest {self.generator.digest}"


def check_source(generator: Generator, source: Source, domain: Domain | None) -> None:
    """Raise CastError where `generator` can't start from `source`: other codes, feature maps or mapping.

    The source may be smaller than what is to be learnt, and may have another w.
    """
    wrong = _mismatch(generator, source.generator, domain)
    if wrong:
        raise CastError(f"{source.path}: {wrong}; start from another, or from nothing")


def _mismatch(generator: Generator, source: Generator, domain: Domain | None) -> str | None:
    if source.z_dim != generator.z_dim:
        return f"it has codes of {source.z_dim} numbers, the renders of {generator.z_dim}"
    for block in range(1, min(source.num_blocks, generator.num_blocks) + 1):
        found, wanted = source.config.block_shape(block), generator.config.block_shape(block)
        if found != wanted:
            return f"it has {_told(found)} where the run has {_told(wanted)}"
    if source.num_blocks > generator.num_blocks:
        return f"it draws {source.config.width}x{source.config.height} px, more than the renders have"
    if domain is None and _shapes(source.mapping) != _shapes(generator.mapping):
        return "it has another mapping network, and these renders have no lesson to teach one"
    return None


def _told(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{channels} feature maps of {width}x{height} px"


def _shapes(network: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, tensor.shape) for name, tensor in network.state_dict().items()]


@torch.no_grad()
def adopt(generator: Generator, source: Generator, taught: bool) -> None:
    """Give `generator` the layers of `source`, as far as those go; `check_source` says whether it can.

    With a `taught` mapping the layers are made to read its w; else the mapping is the source's, too.
    """
    reading = _old_of_new(generator, source) if taught else None
    if reading is None:
        generator.mapping.load_state_dict(source.mapping.state_dict())
    for block in range(1, source.num_blocks + 1):
        own, given = generator.synthesis.block(block), source.synthesis.block(block)
        own.load_state_dict(given.state_dict() if reading is None else _reread(given, own, *reading))


def _reread(given: nn.Module, own: nn.Module, linear: Tensor, constant: Tensor) -> dict[str, Tensor]:
    """The content of the block `given`, its affine maps made to read the w of `own`."""
    content = given.state_dict()
    for name in [name for name, _ in given.named_modules() if name.endswith("affine")]:
        old, new = (cast("FullyConnected", block.get_submodule(name)) for block in (given, own))
        weight = old.weight.double() * old.weight_gain
        content[f"{name}.bias"] = (old.bias.double() + weight @ constant).float()
        content[f"{name}.weight"] = (weight @ linear / new.weight_gain).float()
    return content


def _old_of_new(generator: Generator, source: Generator) -> tuple[Tensor, Tensor]:
    """M [w_dim of the source, w_dim] and its constant: the source's w as a function of the generator's."""
    z = torch.randn(CODES, source.z_dim, generator=torch.Generator().manual_seed(0))
    new = generator.mapping(z.to(generator.device))[:, 0].double().cpu()
    old = source.mapping(z.to(source.device))[:, 0].double().cpu()
    found = torch.linalg.lstsq(torch.cat([new, torch.ones(CODES, 1).double()], dim=1), old).solution
    return found[:-1].T, found[-1]
