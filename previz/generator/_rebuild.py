"""What a checkpoint's pickle may ask for: tensors, arrays, plain containers, and inert networks.

Each function is ours and checks its arguments; it stands for the name a file gives, which is never imported.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.generator._pickle import Instance, Name, Rebuild, RefusedError
from previz.generator._text import one_line

MAX_ELEMENTS = 1 << 30  # of one tensor
_NUMPY_CODES = frozenset(("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"))


class _NumpyType:
    """A numpy dtype under construction: `dtype('f8', False, True)`, then its byte order."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        if not isinstance(code, str) or code not in _NUMPY_CODES:
            raise RefusedError(f"it holds an array of type {one_line(code, 40)!r}")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.dtype = self.dtype.newbyteorder(state[1])


class _NumpyArray:
    """A numpy array under construction; `value` once its state has been read."""

    def __init__(self, *_: Any) -> None:
        self.value: np.ndarray[Any, Any] | None = None

    def set_state(self, state: Any) -> None:
        _, shape, kind, fortran, raw = state
        self.value = _array(raw, kind, shape, "F" if fortran else "C")


def _array(raw: Any, kind: Any, shape: Any, order: Any = "C") -> np.ndarray[Any, Any]:
    if not isinstance(raw, bytes | bytearray) or not isinstance(kind, _NumpyType):
        raise RefusedError("it holds an array of objects")
    shape = _sizes(shape)
    if math.prod(shape) * kind.dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} with {len(raw)} bytes")
    return np.frombuffer(raw, kind.dtype).reshape(shape, order="F" if order == "F" else "C")


def array_value(value: Any) -> np.ndarray[Any, Any] | None:
    """The array that a pickle held, or None for anything else."""
    value = value.value if isinstance(value, _NumpyArray) else value
    return np.array(value) if isinstance(value, np.ndarray | float | int) else None


def _scalar(kind: Any, raw: Any) -> float | int | bool:
    value: float | int | bool = _array(raw, kind, ()).item()
    return value


def _storage(raw: Any) -> Tensor:
    """A storage that torch wrote inside a pickle, read by torch's own safe loader, as a flat tensor."""
    if not isinstance(raw, bytes | bytearray):
        raise TypeError("a storage that is not bytes")
    if raw.startswith(b"PK"):
        raise RefusedError("a tensor in it is a zip archive, which could unpack to any size")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own format still writes the storages it deprecates
        try:
            storage = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
        except Exception as error:
            raise RefusedError(refusal_of_torch(error) or "a tensor in it is damaged") from None
        if isinstance(storage, Tensor):
            return storage.flatten()
        if not isinstance(storage, torch.TypedStorage):
            raise RefusedError(f"a tensor in it holds a {type(storage).__name__}")
        return torch.tensor([], dtype=storage.dtype).set_(storage)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    """A view of a storage, which has to be as large as the tensor: no memory but the file's own."""
    size, stride = _sizes(size), _sizes(stride)
    if not isinstance(storage, Tensor) or not isinstance(offset, int) or offset < 0:
        raise TypeError("a tensor without a storage")
    if len(size) != len(stride) or math.prod(size) > min(storage.numel(), MAX_ELEMENTS):
        raise ValueError(f"a tensor of shape {size} with {storage.numel()} values")
    return torch.as_strided(storage, size, stride, offset)


def _parameter(data: Any, *_: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise TypeError("a parameter without a tensor")
    return data


def _sizes(shape: Any) -> tuple[int, ...]:
    valid = isinstance(shape, tuple) and len(shape) <= 8
    if not valid or not all(isinstance(size, int) and 0 <= size <= MAX_ELEMENTS for size in shape):
        raise ValueError("a shape that is not one")
    return tuple(int(size) for size in shape)


def _mapping(items: Any = ()) -> dict[Any, Any]:
    pairs = list(items.items()) if isinstance(items, dict) else list(items)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError("a dict that is not made of pairs")
    if not all(isinstance(pair[0], str | int) for pair in pairs):
        raise RefusedError("it uses something other than a word or a number as a key")
    return dict(pairs)


def _collection(kind: Callable[[Any], Any]) -> Rebuild:
    def build(items: Any = ()) -> Any:
        if not isinstance(items, list | tuple | set | frozenset):
            raise TypeError("a collection that is not one")
        if kind in (set, frozenset) and not all(isinstance(item, str | int) for item in items):
            raise RefusedError("it has a set of something other than words and numbers")
        return kind(items)

    return build


def _persistent(meta: Any) -> Instance:
    """A network that NVIDIA's code stored with its source; the source is not read."""
    if not isinstance(meta, dict) or not isinstance(meta.get("class_name"), str):
        raise ValueError("a stored network without a class name")
    return Instance(Name("torch_utils.persistence", meta["class_name"]), state=meta.get("state"))


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError("bytes that are not bytes")
    return text.encode("latin1")


_FUNCTIONS: dict[str, Rebuild] = {
    "collections.OrderedDict": _mapping,
    "dnnlib.util.EasyDict": _mapping,
    "dnnlib.EasyDict": _mapping,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.storage._load_from_bytes": _storage,
    "torch.Size": _collection(tuple),
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
    "numpy.dtype": _NumpyType,
    "numpy.ndarray": _NumpyArray,
    "_codecs.encode": _encode,
}
for _module in ("builtins", "__builtin__"):
    _FUNCTIONS |= {f"{_module}.{kind.__name__}": _collection(kind) for kind in (set, frozenset, list, tuple)}
    _FUNCTIONS[f"{_module}.dict"] = _mapping
for _module in ("numpy.core", "numpy._core"):
    _FUNCTIONS[f"{_module}.multiarray._reconstruct"] = _NumpyArray
    _FUNCTIONS[f"{_module}.multiarray.scalar"] = _scalar
    _FUNCTIONS[f"{_module}.numeric._frombuffer"] = _array
_NETWORKS = frozenset(("dnnlib.tflib.network.Network",))


def rebuild(name: Name) -> Rebuild | None:
    """The function of ours behind an allowed name, or None where an inert instance will do."""
    text = f"{name.module}.{name.name}"
    if text in _FUNCTIONS:
        return _FUNCTIONS[text]
    if text in _NETWORKS or (name.module.startswith("torch.nn.modules.") and "." not in name.name):
        return None
    raise RefusedError(f"it asks for {name}, which no generator needs")


def refusal_of_torch(error: Exception) -> str | None:
    """What torch's safe loader refused, in a few words; None where it refused nothing."""
    words = str(error).split()
    if "GLOBAL" in words[:-1]:
        return f"it asks for {one_line(words[words.index('GLOBAL') + 1])}, which no generator needs"
    return None
