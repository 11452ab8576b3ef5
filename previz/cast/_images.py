"""A studio's own pictures as the real ones of an adversarial run.

Every picture of a folder, however deep, is turned upright, cropped about its centre to the aspect that is
asked for, and averaged down to the resolution: once, into one file in the run's folder that all processes
read. Pictures are never enlarged: smaller ones are left out, and so are those that can't be read.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from previz.animate import to_uint8
from previz.cast._adversarial_losses import Batch
from previz.errors import CastError
from previz.files import output_file
from previz.generator import Generator, GeneratorConfig
from previz.media import contact_sheet, write_png

__all__ = ["ImageFolder", "ImageSettings", "LeftOut", "open_images", "prepare_images", "read_picture"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
FEWEST = 16  # pictures; fewer are no set to learn from
MANIFEST, PIXELS = "images.json", "images.u8"
FORMAT = 1


@dataclass(frozen=True)
class ImageSettings:
    """Which pictures are learnt, at what size, and by a generator of which architecture.

    `resolution` is (height, width). `mirror` shows half of the pictures mirrored. `limit` takes so many
    pictures only, in the order of their names. `channels` is the published rule (base, most): at a size s
    there are min(base / s, most) channels.
    """

    folder: Path
    resolution: tuple[int, int]
    mirror: bool = False
    limit: int | None = None
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    channels: tuple[int, int] = (4096, 256)

    def config(self) -> GeneratorConfig:
        """The generator's architecture; CastError where there is none of this resolution."""
        try:
            return GeneratorConfig(
                resolution=self.resolution,
                z_dim=self.z_dim,
                w_dim=self.w_dim,
                channels=self.channels,
                mapping_layers=self.mapping_layers,
            )
        except ValueError as error:
            raise CastError(f"pictures can't be learnt so: {error}") from None


@dataclass(frozen=True)
class LeftOut:
    """A file that is not learnt from, and why."""

    path: str  # in the folder
    reason: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.path}: {self.reason}"


def prepare_images(
    settings: ImageSettings, run: Path, callback: Callable[[int, int], None] | None = None
) -> list[LeftOut]:
    """Write the pictures, cropped and averaged down, into the run's folder, unless they are there already.

    `callback(done, total)` after each. Returns what was left out. CastError for a folder that isn't there,
    for a resolution that no generator has, and for fewer than 16 usable pictures.
    """
    settings.config()
    files = _files(settings)
    manifest = run / MANIFEST
    source = [[name, path.stat().st_size, path.stat().st_mtime_ns] for name, path in files.items()]
    wanted = {"format": FORMAT, "resolution": list(settings.resolution), "source": source}
    found = _read_manifest(manifest)
    if found is not None and all(found.get(key) == value for key, value in wanted.items()):
        return [LeftOut(**entry) for entry in found["left_out"]]
    run.mkdir(parents=True, exist_ok=True)
    kept, left_out = [], []
    with output_file(run / PIXELS, force=True) as temporary:
        with temporary.open("wb") as pixels:
            for done, (name, path) in enumerate(files.items(), start=1):
                try:
                    pixels.write(read_picture(path, settings.resolution).tobytes())
                    kept.append(name)
                except CastError as error:
                    left_out.append(LeftOut(name, str(error)))
                if callback:
                    callback(done, len(files))
        _check_enough(settings, kept, left_out)
    entries = [{"path": entry.path, "reason": entry.reason} for entry in left_out]
    with output_file(manifest, force=True) as temporary:
        temporary.write_text(json.dumps(wanted | {"kept": kept, "left_out": entries}), encoding="utf-8")
    return left_out


def _check_enough(settings: ImageSettings, kept: list[str], left_out: list[LeftOut]) -> None:
    if len(kept) >= FEWEST:
        return
    why = f"; the first left out is {left_out[0]}" if left_out else ""
    raise CastError(f"{settings.folder}: {len(kept)} usable pictures where {FEWEST} are the least{why}")


def _files(settings: ImageSettings) -> dict[str, Path]:
    """The picture files of the folder by their path in it, in order; hidden ones are not looked at."""
    if not settings.folder.is_dir():
        raise CastError(f"{settings.folder}: not a folder of pictures")
    found = {}
    for path in settings.folder.rglob("*"):
        parts = path.relative_to(settings.folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            found["/".join(parts)] = path
    if not found:
        kinds = ", ".join(SUFFIXES)
        raise CastError(f"{settings.folder}: holds no pictures ({kinds}), nor do its folders")
    return {name: found[name] for name in sorted(found)[: settings.limit]}


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read_picture(path: Path, resolution: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture file as uint8 [H, W, 3]: upright, over white, cropped about its centre and averaged down.

    CastError, without the file's name, for what can't be read or is too small.
    """
    height, width = resolution
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)  # of metadata that is not needed
            with Image.open(path) as file:
                picture = _rgb(ImageOps.exif_transpose(file))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CastError(f"has more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except CastError:
        raise
    except Exception as error:  # Pillow's readers raise of all kinds for damaged files
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CastError(f"can't be read: {text.replace(str(path), path.name)}") from None
    scale = min(picture.width / width, picture.height / height)
    if scale < 1:
        raise CastError(f"is {picture.width}x{picture.height} px, smaller than the {width}x{height} to learn")
    left, top = (picture.width - scale * width) / 2, (picture.height - scale * height) / 2
    box = (left, top, left + scale * width, top + scale * height)
    small = picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return np.asarray(small)


def _rgb(picture: Image.Image) -> Image.Image:
    """To 8 bits and three colours; what is transparent lies over white."""
    if picture.mode == "F":
        raise CastError("holds floating-point values; save it with 8 or 16 bits a channel")
    if picture.mode.startswith("I"):  # 16 bits of grey
        grey = np.asarray(picture).astype(np.float64) / 257
        picture = Image.fromarray(grey.round().clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


@dataclass
class ImageFolder:
    """The prepared pictures of a folder; see `RealPictures`."""

    pixels: NDArray[np.uint8]  # [N, H, W, 3]
    digest: str
    mirror: bool

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a picture."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[2])

    @property
    def name(self) -> str:
        """What the run is bound to."""
        return f"{len(self.pixels)} pictures{' and their mirrors' if self.mirror else ''} ({self.digest})"

    def batch(self, rng: np.random.Generator, count: int, twins: int) -> Batch:
        """Random pictures; none has a code, so `twins` is 0."""
        real = self._read(rng.integers(len(self.pixels), size=count))
        if self.mirror:
            mirrored = torch.from_numpy(rng.random(count) < 0.5)
            real = torch.where(mirrored[:, None, None, None], real.flip(3), real)
        return Batch(real, torch.empty(0, 0), torch.empty(0, 1, *self.shape))

    def first(self, count: int) -> Tensor:
        """A fixed choice of the pictures: neighbours in a folder are often alike."""
        return self._read(np.random.default_rng(0).permutation(len(self.pixels))[:count])

    def figures(self, generator: Generator) -> dict[str, float]:
        """Nothing: there is no picture that a code should give."""
        return {}

    @torch.no_grad()
    def write_samples(self, generator: Generator, path: Path, count: int = 32) -> None:
        """A sheet of generated pictures of fixed codes."""
        z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(0))
        drawn = torch.cat([generator(part) for part in torch.split(z.to(generator.device), 8)])
        write_png(contact_sheet(list(to_uint8(drawn).cpu().numpy()), columns=8), path, force=True)

    def _read(self, index: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self.pixels[index]).permute(0, 3, 1, 2).float() / 127.5 - 1


def open_images(settings: ImageSettings, run: Path) -> ImageFolder:
    """Open what `prepare_images` wrote; CastError where it is missing or of another size."""
    manifest = _read_manifest(run / MANIFEST)
    if manifest is None or manifest.get("resolution") != list(settings.resolution):
        raise CastError(f"{run}: holds no prepared pictures of this size")
    shape = (len(manifest["kept"]), *settings.resolution, 3)
    pixels = np.memmap(run / PIXELS, np.uint8, "r", shape=shape)
    kept = set(manifest["kept"])
    named = [entry[:2] for entry in manifest["source"] if entry[0] in kept]
    digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:8]
    return ImageFolder(pixels, digest, settings.mirror)
