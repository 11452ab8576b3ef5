"""The shape of a StyleGAN2 generator, apart from its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from previz.errors import PrevizError

MIN_RESOLUTION = 8
MAX_RESOLUTION = 1024
MAX_NUMBER = 1e30  # what float32 holds, with room to multiply
MAX_WIDTH = 4096  # of any layer: a limit on what a damaged file can make us allocate


@dataclass(frozen=True)
class GeneratorConfig:
    """Architecture of a generator (Karras et al. 2020, "Analyzing and Improving … StyleGAN").

    `resolution` is the output size in pixels: one number for a square, or `(height, width)`; both are powers
    of two, the long side at most 1024. Blocks are named by their long side: 4, 8, … `max(height, width)`.
    `channels` gives the feature maps of each block, as `{4: 512, 8: 512, …}` or as the published rule
    `(channel_base, channel_max)`, that is `min(channel_base // size, channel_max)`.
    `conv_clamp` limits activations to ±conv_clamp; `num_fp16_res` is how many of the last blocks were trained
    in half precision. `mapping_width` and `embed_dim` (of the label) are `w_dim` where None.

    Example: `GeneratorConfig(resolution=256, channels=(16384, 512))`.

    Raises ValueError, with the field, the value and the limit, for what can't be built.
    """

    resolution: int | tuple[int, int]
    z_dim: int = 512
    c_dim: int = 0
    w_dim: int = 512
    channels: Mapping[int, int] | tuple[int, int] = (32768, 512)
    mapping_layers: int = 8
    mapping_lr_multiplier: float = 0.01
    mapping_width: int | None = None
    embed_dim: int | None = None
    conv_clamp: float | None = None
    num_fp16_res: int = 0

    def __post_init__(self) -> None:
        resolution = self.resolution
        size = (resolution, resolution) if isinstance(resolution, int) else tuple(resolution)
        if len(size) != 2 or not all(_is_power_of_two(side) for side in size):
            raise ValueError(f"resolution: {resolution} is not a power of two, nor (height, width) of them")
        if not MIN_RESOLUTION <= max(size) <= MAX_RESOLUTION:
            raise ValueError(f"resolution: {resolution} is outside {MIN_RESOLUTION} to {MAX_RESOLUTION}")
        if min(size) * 4 < max(size):
            raise ValueError(f"resolution: {resolution} is narrower than 1:4")
        object.__setattr__(self, "resolution", size[0] if size[0] == size[1] else size)
        self._check_widths()
        object.__setattr__(self, "channels", self._channel_table(max(size)))
        for field in ("mapping_lr_multiplier", "conv_clamp"):
            value = getattr(self, field)
            if value is not None and not 0 < value < MAX_NUMBER:
                bound = "above 0" if value <= 0 else f"a number below {MAX_NUMBER:g}"
                raise ValueError(f"{field}: {value!s:.20} is not {bound}")

    def _check_widths(self) -> None:
        limits = {"z_dim": 1, "w_dim": 1, "c_dim": 0, "mapping_layers": 1, "num_fp16_res": 0}
        for field, low in limits.items():
            value = getattr(self, field)
            high = 64 if field in ("mapping_layers", "num_fp16_res") else MAX_WIDTH
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{field}: {value} is outside {low} to {high}")
        for field in ("mapping_width", "embed_dim"):
            value = getattr(self, field)
            if value is not None and (not isinstance(value, int) or not 1 <= value <= MAX_WIDTH):
                raise ValueError(f"{field}: {value} is outside 1 to {MAX_WIDTH}")

            if value == self.w_dim or (field == "embed_dim" and not self.c_dim):
                object.__setattr__(self, field, None)  # the default, in one spelling

    def _channel_table(self, long_side: int) -> dict[int, int]:
        sizes = [4 << i for i in range(long_side.bit_length() - 2)]
        if isinstance(self.channels, Mapping):
            table = {int(size): int(count) for size, count in self.channels.items()}
        else:
            base, limit = self.channels
            table = {size: min(base // size, limit) for size in sizes}
        if sorted(table) != sizes:
            raise ValueError(f"channels: sizes {sorted(table)} where {sizes} are needed")
        for size, count in table.items():
            if not 1 <= count <= MAX_WIDTH:
                raise ValueError(f"channels: {count} at size {size} is outside 1 to {MAX_WIDTH}")
        return {size: table[size] for size in sizes}

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return self.resolution if isinstance(self.resolution, int) else self.resolution[0]

    @property
    def width(self) -> int:
        """Width of the image in pixels."""
        return self.resolution if isinstance(self.resolution, int) else self.resolution[1]

    @property
    def num_blocks(self) -> int:
        """How many synthesis blocks there are; block 1 is the smallest."""
        return max(self.height, self.width).bit_length() - 2

    @property
    def num_ws(self) -> int:
        """How many layers W+ has: one a convolution, and one for the last ToRGB."""
        return 2 * self.num_blocks

    def block_shape(self, block: int) -> tuple[int, int, int]:
        """`(channels, height, width)` of the feature map after `block`, 1 to `num_blocks`."""
        if not 1 <= block <= self.num_blocks:
            raise PrevizError(f"block {block} is outside 1 to {self.num_blocks}")
        shift = self.num_blocks - block
        assert isinstance(self.channels, Mapping)
        return self.channels[2 << block], self.height >> shift, self.width >> shift

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-able values; `from_dict` reads it back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        assert isinstance(self.channels, Mapping)
        values["channels"] = {str(size): count for size, count in self.channels.items()}
        values["resolution"] = [self.height, self.width]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GeneratorConfig:
        """Read what `to_dict` wrote; raises ValueError for unknown or malformed fields."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"{unknown[0]}: not a field of the generator's config")
        try:
            values = dict(values)
            if not isinstance(values.get("resolution"), int):
                height, width = values["resolution"]
                values["resolution"] = (int(height), int(width))
            if isinstance(values.get("channels"), Mapping):
                values["channels"] = {int(size): int(count) for size, count in values["channels"].items()}
            return cls(**values)
        except (TypeError, KeyError, OverflowError) as error:
            raise ValueError(f"the generator's config is malformed: {error}") from error


def _is_power_of_two(value: object) -> bool:
    return isinstance(value, int) and value > 0 and value & (value - 1) == 0
