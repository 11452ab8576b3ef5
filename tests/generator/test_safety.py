"""No checkpoint runs code, whatever it asks for; every refusal names what was asked."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from previz.errors import CheckpointError
from previz.generator import load_generator, save_generator
from tests.generator.layouts import (
    Stored,
    invented,
    nvidia_module,
    rosinality_state,
    small_generator,
    write_nvidia,
    write_tensorflow,
)


def refusal(path: Path, content: bytes | None = None) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        load_generator(path)
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def call(module: str, name: str, argument: str) -> bytes:
    """A pickle that calls `module.name(argument)`."""
    return f"\x80\x02c{module}\n{name}\n(V{argument}\ntR.".encode("latin1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.pkl"


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "posix.system",
        "subprocess.Popen",
        "builtins.eval",
        "builtins.exec",
        "builtins.getattr",
        "builtins.__import__",
        "__builtin__.apply",
        "importlib.import_module",
        "operator.attrgetter",
        "functools.partial",
        "copyreg._reconstructor",
        "runpy.run_path",
        "torch.load",
        "torch.hub.load",
        "torch.jit.load",
        "torch.serialization.load",
        "torch._utils._rebuild_device_tensor_from_numpy",
        "torch.storage.UntypedStorage",
        "numpy.load",
        "numpy.testing._private.utils.runstring",
        "collections.namedtuple",
        "dnnlib.util.call_func_by_name",
        "dnnlib.util.open_url",
        "torch_utils.persistence._src_to_module",
        "training.networks.Generator",
        "pickle.loads",
    ],
)
def test_a_name_off_the_list_is_refused(path, name, tmp_path):
    module, _, function = name.rpartition(".")
    text = refusal(path, call(module, function, f"touch {tmp_path / 'ran'}"))
    assert text == f"refused: it asks for {name}, which no generator needs"
    assert not (tmp_path / "ran").exists()


def test_a_class_of_a_module_on_disk_is_not_imported(path, tmp_path, monkeypatch):
    (tmp_path / "networks.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert refusal(path, call("networks", "Generator", "")) == (
        "refused: it asks for networks.Generator, which no generator needs"
    )
    assert not (tmp_path / "ran").exists()


def test_the_stored_source_is_not_run(path, tmp_path):
    generator = small_generator(8)
    load_generator(write_nvidia(path, generator))  # its module_src raises


def test_torch_modules_become_inert(path):
    content = b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}X\x01\x00\x00\x00aK\x01sb."
    assert refusal(path, content).startswith("a pickle without a StyleGAN2 generator;")


class Command:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_torch_file_is_refused(path, tmp_path, zipped):
    torch.save({"g_ema": Command(f"touch {tmp_path / 'ran'}")}, path, _use_new_zipfile_serialization=zipped)
    assert refusal(path) == "refused: it asks for posix.system, which no generator needs"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_storage_within_a_pickle_is_refused(path, tmp_path, zipped):
    stream = io.BytesIO()
    torch.save(Command(f"touch {tmp_path / 'ran'}"), stream, _use_new_zipfile_serialization=zipped)
    path.write_bytes(pickle.dumps(Stored(torch.storage._load_from_bytes, (stream.getvalue(),))))
    expected = "a tensor in it is a zip archive" if zipped else "it asks for posix.system, which no generator"
    assert refusal(path).startswith(f"refused: {expected}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x80\x02]K\x01\x85R.", "refused: it calls a list"),
        (b"\x80\x02ccollections\nOrderedDict\n)R)R.", "refused: it calls a dict"),
        (b"\x80\x02ccollections\nOrderedDict\n}b.", "refused: it sets the state of a Name"),
        (b"\x80\x02cnumpy\nndarray\n}X\x0c\x00\x00\x00__setstate__K\x01sb.",
         "refused: it sets the state of a Name"),
        (b"\x80\x02})K\x01s.", "refused: it uses a tuple as a key"),
        (b"\x80\x04\x8f(]\x90.", "refused: it uses a list as a key"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "refused: it uses the opcode BINPERSID"),
        (b"\x80\x02\x82\x01.", "refused: it uses the opcode EXT1"),
        (b"\x80\x02(cos\nsystem\no.", "refused: it asks for os.system, which no generator needs"),
        (b"\x80\x02(ios\nsystem\n.", "refused: it uses the opcode INST"),
        (b"\x80\x05\x97.", "refused: it uses the opcode NEXT_BUFFER"),
        (b"\x80\x02cnumpy\ndtype\n(X\x01\x00\x00\x00OtR.", "refused: it holds an array of type 'O'"),
        (b"\x80\x02cbuiltins\nset\n(](K\x01\x85etR.",
         "refused: it has a set of something other than words and numbers"),
        (b"\x80\x04\x8c\x01a" + b"." , "a pickle without a StyleGAN2 generator"),
        (b"\x80\x02r\xff\xff\xff\xff.", "the pickle is damaged or cut short (list index out of range)"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "a pickle without a StyleGAN2 generator"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"a.", "the pickle is damaged or cut short ("),
        (b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"a.", "the pickle is damaged or cut short ("),
        (b"\x80\x02" + b"(" * 100_000 + b".", "the pickle is damaged or cut short ("),
        (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "a pickle without a StyleGAN2 generator"),
        (b"\x80\x02)" + b"\x86" * 3 + b".", "the pickle is damaged or cut short (stack underflow)"),
    ],
)  # fmt: skip
def test_hostile_opcodes(path, content, expected):
    assert refusal(path, content).startswith(expected)


def test_a_nest_that_would_hash_for_ever_is_refused(path):
    """Sixty tuples, each of the last one twice, as a key: 2⁶⁰ steps for a hash."""
    assert refusal(path, b"\x80\x02})" + b"2\x86" * 60 + b"K\x01s.") == "refused: it uses a tuple as a key"


def write_pickle(path: Path, network: Any) -> Path:
    path.write_bytes(pickle.dumps(network))
    return path


def tensor(storage: torch.Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Stored:
    arguments = (storage.untyped_storage(), offset, size, stride, False, {})
    del arguments  # torch pickles storages through _load_from_bytes, as below
    stream = io.BytesIO()
    torch.save(storage, stream, _use_new_zipfile_serialization=False)
    nested = Stored(torch.storage._load_from_bytes, (stream.getvalue(),))
    return Stored(torch._utils._rebuild_tensor_v2, (nested, offset, size, stride, False, {}))


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [(0, (1 << 20, 1 << 20), (0, 0)), (0, (5,), (1,)), (3, (2,), (1,)), (0, (2,), (9,)), (-1, (1,), (1,)),
     (0, (2,), (-1,))],
)  # fmt: skip
def test_a_tensor_larger_than_its_storage_is_refused(path, offset, size, stride):
    write_pickle(path, tensor(torch.zeros(4), offset, size, stride))
    assert refusal(path).startswith("the pickle is damaged or cut short (")


def test_a_network_that_contains_itself_is_refused(path):
    state: dict[str, Any] = {"_parameters": {}, "_buffers": {}, "_modules": {}}
    with invented("torch.nn.modules.loop", "Loop") as loop:
        instance = loop()
        instance.__dict__.update(state)
        state["_modules"]["again"] = instance
        path.write_bytes(pickle.dumps({"G_ema": instance}))
    assert refusal(path) == "its modules are nested too deep for a generator"


def test_a_compressed_torch_file_is_refused(path):
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10_000_000)
    assert refusal(path) == "a compressed archive; PyTorch writes uncompressed ones"


def test_a_zip_of_something_else_is_refused(path):
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", b"hello")
    assert refusal(path) == "a zip archive, but not one that PyTorch wrote"


def write_rosinality(path: Path, generator: Any, zipped: bool) -> Path:
    torch.save({"g_ema": rosinality_state(generator)}, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, bytes]:
    """A sound file of every format."""
    folder, generator = tmp_path_factory.mktemp("samples"), small_generator(8)
    return {
        "previz": save_generator(generator, folder / "previz.safetensors").read_bytes(),
        "nvidia": write_nvidia(folder / "nvidia.pkl", generator).read_bytes(),
        "tensorflow": write_tensorflow(folder / "tensorflow.pkl", generator).read_bytes(),
        "torch": write_rosinality(folder / "new.pt", generator, zipped=True).read_bytes(),
        "old torch": write_rosinality(folder / "old.pt", generator, zipped=False).read_bytes(),
    }


FORMATS = ("previz", "nvidia", "tensorflow", "torch", "old torch")
BOUNDED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


PLACES = st.floats(0, 1, exclude_max=True)  # of the file's length, which varies by a few bytes


@pytest.mark.parametrize("name", FORMATS)
@BOUNDED
@given(place=PLACES)
def test_a_file_cut_anywhere_gets_one_clear_line(path, samples, name, place):
    content = samples[name]
    refusal(path, content[: int(place * len(content))])


@pytest.mark.parametrize("name", FORMATS)
@BOUNDED
@given(
    damage=st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=8),
    reach=st.sampled_from([0.02, 0.1, 1.0]),
)
def test_a_damaged_file_loads_or_gets_one_clear_line(path, samples, name, damage, reach):
    content = bytearray(samples[name])
    for place, value in damage:
        content[int(place * reach * len(content))] = value
    path.write_bytes(content)
    try:
        load_generator(path)
    except CheckpointError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a sound file is as good


@BOUNDED
@given(content=st.binary(max_size=200))
def test_noise_after_a_pickles_first_byte_gets_one_clear_line(path, content):
    refusal(path, b"\x80\x04" + content)


def test_networks_stored_in_a_list_are_not_a_generator(path):
    with invented("torch_utils.persistence", "_reconstruct_persistent_obj") as function:
        path.write_bytes(pickle.dumps([nvidia_module(small_generator(8), function)]))
    assert refusal(path).startswith("a pickle without a StyleGAN2 generator;")


def text(word: str) -> bytes:
    """The opcode that pushes a word."""
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def module(*attributes: bytes, modules: bytes = b"}") -> bytes:
    """The opcodes of an inert module; attributes are keys and values in turn."""
    state = b"}(" + text("_modules") + modules + b"".join(attributes) + b"u"
    return b"ctorch.nn.modules.any\nAny\n)\x81" + state + b"b"


DOUBLED = b")" + b"2\x86" * 60  # sixty tuples, each of the last one twice


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (module(text("architecture"), DOUBLED), "architecture is 'a tuple' where 'skip' is needed"),
        (b"cnumpy\ndtype\n" + DOUBLED + b"\x85R", "refused: it holds an array of type 'a tuple'"),
        (b"}(" + b"\x8a\x09" + b"\xff" * 8 + b"\x1fNu", "refused: it uses a number above 2^60 as a key"),
        (module(text("conv_clamp"), b"\x8b" + struct.pack("<i", 2000) + b"\x7f" * 2000),
         "its networks are damaged (int too large to convert to float)"),
    ],
)  # fmt: skip
def test_values_that_would_take_for_ever_or_fit_no_number(path, content, expected):
    assert refusal(path, b"\x80\x02" + content + b".") == expected


@pytest.mark.parametrize(
    ("stored", "call"),
    [
        (text("x" * 1_000_000), b"c_codecs\nencode\n"),
        (b"](" + b"N" * 1_000_000 + b"e", b"cbuiltins\nlist\n"),
    ],
)
def test_what_is_stored_once_cannot_be_copied_for_ever(path, stored, call):
    content = b"\x80\x02" + stored + b"q\x010](" + (call + b"h\x01\x85R") * 1000 + b"e."
    assert refusal(path, content) == "refused: it builds far more than it holds"


def test_modules_that_share_their_parts_are_not_walked_for_ever(path):
    content = module()
    for depth in range(6):
        memo = bytes([depth])
        parts = b"".join(text(str(index)) + b"h" + memo for index in range(50))
        content += b"q" + memo + b"0" + module(modules=b"}(" + parts + b"u")
    assert refusal(path, b"\x80\x02" + content + b".") == "it has more than 10000 modules"


def test_tensorflow_networks_that_share_their_parts_are_not_walked_for_ever(path):
    network = b"cdnnlib.tflib.network\nNetwork\n)\x81}(" + text("version") + b"K\x04" + text("components")
    content = network + b"}ub"
    for depth in range(4):
        memo = bytes([depth])
        parts = b"".join(text(str(index)) + b"h" + memo for index in range(200))
        content += b"q" + memo + b"0" + network + b"}(" + parts + b"uub"
    assert refusal(path, b"\x80\x02" + content + b".") == (
        "its networks are nested too deep or too wide for a generator"
    )


def test_a_zip_archive_as_a_storage_is_refused(path):
    stream = io.BytesIO()
    torch.save(torch.zeros(4).untyped_storage(), stream)
    path.write_bytes(pickle.dumps(Stored(torch.storage._load_from_bytes, (stream.getvalue(),))))
    assert refusal(path) == "refused: a tensor in it is a zip archive, which could unpack to any size"


@pytest.mark.parametrize("name", ["style.1.weight", "input.input", "conv1.conv.weight", "noises.noise_0"])
@pytest.mark.parametrize("kind", ["sparse", "meta", "whole"])
def test_tensors_that_are_not_plain_get_one_clear_line(path, name, kind):
    state = rosinality_state(small_generator(8))
    state[name] = {
        "sparse": lambda value: value.to_sparse(),
        "meta": lambda value: value.to("meta"),
        "whole": lambda value: value.to(torch.int8),
    }[kind](state[name])
    torch.save({"g_ema": state}, path)
    refusal(path)


@pytest.mark.parametrize("hint", ["mapping_lrmul", "conv_clamp"])
@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf")])
def test_numbers_that_no_layer_can_hold_are_refused(path, hint, value):
    write_tensorflow(path, small_generator(8), **{hint: value})
    assert "is not a number below 1e+30" in refusal(path)
