from __future__ import annotations

import argparse
import copy
import json
import math
import struct
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from previz.errors import CheckpointError, DeviceError, OutputError
from previz.generator import (
    Generator,
    convert_checkpoint,
    inspect_checkpoint,
    list_checkpoints,
    load_generator,
    save_generator,
)
from tests.generator.layouts import (
    rosinality_state,
    small_generator,
    tensorflow_variables,
    write_nvidia,
    write_tensorflow,
)

KNOWN = "previz reads its own .safetensors, StyleGAN2 .pkl of NVIDIA's code, and rosinality's .pt"


def same_weights(first: Generator, second: Generator) -> None:
    for name, value in second.state_dict().items():
        torch.testing.assert_close(first.state_dict()[name], value, atol=0, rtol=0, msg=name)


def message(path: Path | str, device: str = "cpu") -> str:
    with pytest.raises(CheckpointError) as error:
        load_generator(path, device)
    assert "\n" not in str(error.value)
    return str(error.value)


# previz's own format


def test_a_saved_generator_is_loaded_as_it_was(tmp_path):
    generator = small_generator((64, 32), c_dim=2, clamp=256.0)
    card = {"name": "test", "license": "CC0-1.0"}
    path = save_generator(generator, tmp_path / "test.safetensors", card, torch.float32)
    loaded = load_generator(path)
    same_weights(loaded, generator)
    assert (loaded.config, loaded.card, loaded.digest) == (generator.config, card, generator.digest)


def test_a_loaded_generator_is_frozen_and_in_float32(tmp_path):
    loaded = load_generator(save_generator(small_generator(), tmp_path / "test.safetensors"))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert {value.dtype for value in loaded.state_dict().values()} == {torch.float32}


def test_loading_draws_no_random_numbers(tmp_path):
    path = save_generator(small_generator(), tmp_path / "test.safetensors")
    before = torch.get_rng_state()
    load_generator(path)
    assert bool((torch.get_rng_state() == before).all())


def test_half_precision_saves_half_and_stays_near(tmp_path):
    generator = small_generator()
    generator.synthesis.block(4).conv1.noise_const.zero_()
    whole = Generator(generator.config.from_dict(generator.config.to_dict() | {"channels": [2048, 64]}))
    full = save_generator(whole, tmp_path / "full.safetensors", dtype=torch.float32)
    half = save_generator(whole, tmp_path / "half.safetensors")
    assert half.stat().st_size < 0.6 * full.stat().st_size
    w = load_generator(full).sample_w(0)
    torch.testing.assert_close(
        load_generator(half).synthesis(w), load_generator(full).synthesis(w), atol=2e-2, rtol=0
    )


def test_values_that_half_precision_cannot_hold_stay_whole(tmp_path):
    whole = Generator(small_generator().config.from_dict({"resolution": 8, "z_dim": 64, "w_dim": 64}))
    whole.requires_grad_(requires_grad=False).mapping.fc0.weight[0, 0] = 1e6
    loaded = load_generator(save_generator(whole, tmp_path / "test.safetensors"))
    torch.testing.assert_close(loaded.mapping.fc0.weight, whole.mapping.fc0.weight, atol=0, rtol=0)


def test_nothing_is_overwritten_without_force(tmp_path):
    path = save_generator(small_generator(), tmp_path / "test.safetensors")
    with pytest.raises(OutputError) as error:
        save_generator(small_generator(seed=1), path)
    assert str(error.value) == f"{path} exists already; pass --force (force=True from Python) to replace it"
    save_generator(small_generator(seed=1), path, dtype=torch.float32, force=True)
    assert load_generator(path).digest == small_generator(seed=1).digest
    assert [entry.name for entry in tmp_path.iterdir()] == ["test.safetensors"]


def test_a_checkpoint_can_be_read_by_those_who_may_read_its_neighbours(tmp_path):
    (tmp_path / "neighbour").touch()
    path = save_generator(small_generator(), tmp_path / "test.safetensors")
    assert path.stat().st_mode == (tmp_path / "neighbour").stat().st_mode


def test_a_card_that_is_not_json_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"its card is not JSON"):
        save_generator(small_generator(), tmp_path / "test.safetensors", {"name": object()})
    assert list(tmp_path.iterdir()) == []


def write_previz(path: Path, change=lambda metadata: metadata, **tensors: Tensor | None) -> Path:
    generator = small_generator(8)
    state = {name: value.clone() for name, value in generator.state_dict().items()}
    for name, tensor in tensors.items():
        state.pop(name.replace("__", ".")) if tensor is None else state.update(
            {name.replace("__", "."): tensor}
        )
    metadata = change({"format": 1, "config": generator.config.to_dict(), "card": {}})
    save_file(
        state,
        path,
        None
        if metadata is None
        else {"previz": metadata if isinstance(metadata, str) else json.dumps(metadata)},
    )
    return path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda _: None, "a safetensors file, but not one that previz wrote: it has no card"),
        (lambda _: "[", "its card is damaged (Expecting value: line 1 column 2 (char 1))"),
        (lambda _: "[" * 100_000, "its card is damaged (nested too deep)"),
        (lambda metadata: metadata | {"format": 9}, "format 9; this previz reads format 1"),
        (lambda metadata: metadata | {"config": 3},
         "its card is damaged (config and card have to be objects)"),
        (
            lambda metadata: metadata | {"config": metadata["config"] | {"resolution": [7, 7]}},
            "its card is damaged (resolution: (7, 7) is not a power of two, nor (height, width) of them)",
        ),
        (
            lambda _: {"format": 1, "config": {"resolution": 1024, "channels": [1 << 30, 4096]}},
            "it has 2,623,893,548 parameters; the limit is 300,000,000",
        ),
        (
            lambda metadata: metadata | {"config": metadata["config"] | {"w_dim": 32}},
            "mapping.w_avg has shape [16] where [32] is needed",
        ),
    ],
)  # fmt: skip
def test_a_wrong_card_is_refused(tmp_path, change, expected):
    path = write_previz(tmp_path / "test.safetensors", change)
    assert message(path) == f"{path}: {expected}"


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ({"mapping__fc0__bias": None}, "mapping.fc0.bias is missing"),
        ({"mapping__fc0__bias": torch.zeros(3)}, "mapping.fc0.bias has shape [3] where [16] is needed"),
        ({"mapping__fc0__bias": torch.zeros(16, dtype=torch.int32)},
         "mapping.fc0.bias holds int32 values, not numbers with a fraction"),
        ({"mapping__fc0__bias": torch.full((16,), math.nan)},
         "mapping.fc0.bias has values that are not finite"),
        ({"mapping__fc9__bias": torch.zeros(16)},
         "mapping.fc9.bias has no place in a StyleGAN2 generator of this shape"),
    ],
)  # fmt: skip
def test_wrong_tensors_are_named(tmp_path, tensors, expected):
    path = write_previz(tmp_path / "test.safetensors", **tensors)
    assert message(path) == f"{path}: {expected}"


# NVIDIA's PyTorch pickles


def test_an_nvidia_pickle_is_read(tmp_path):
    generator = small_generator(c_dim=2)
    loaded = load_generator(write_nvidia(tmp_path / "network-snapshot.pkl", generator))
    same_weights(loaded, generator)
    assert loaded.card == {
        "name": "network-snapshot",
        "source": "NVIDIA PyTorch pickle",
        "file": "network-snapshot.pkl",
    }


def test_a_non_square_nvidia_pickle_is_read(tmp_path):
    generator = small_generator((64, 32))
    same_weights(load_generator(write_nvidia(tmp_path / "human.pkl", generator)), generator)


def test_the_name_of_the_file_means_nothing(tmp_path, parity):
    path = tmp_path / "ffhq.safetensors"
    path.write_bytes((parity / "stylegan3repo-32px.pkl").read_bytes())
    assert inspect_checkpoint(path).format == "NVIDIA PyTorch pickle"


def test_a_stylegan3_pickle_is_refused_for_what_it_is(tmp_path):
    network = nn.Module()
    network.synthesis = nn.Module()
    network.synthesis.input = nn.Module()
    network.synthesis.input.register_buffer("freqs", torch.zeros(4, 2))
    path = write_nvidia(tmp_path / "stylegan3-t.pkl", network)
    assert message(path) == (
        f"{path}: a StyleGAN3 generator; previz animates StyleGAN2 ones,"
        " such as training with --cfg=stylegan2 gives"
    )


def test_another_architecture_is_refused(tmp_path):
    path = write_nvidia(tmp_path / "test.pkl", small_generator(), architecture="resnet")
    assert message(path) == f"{path}: architecture is 'resnet' where 'skip' is needed"


def test_another_filter_is_refused(tmp_path):
    generator = small_generator()
    generator.synthesis.block(2).register_buffer("resample_filter", torch.ones(4, 4) / 16)
    path = write_nvidia(tmp_path / "test.pkl", generator)
    assert message(path) == f"{path}: synthesis.b8.resample_filter is not the published [1, 3, 3, 1] filter"


def test_a_generator_without_noise_or_mean_is_completed(tmp_path):
    generator = small_generator(8)
    bare = copy.deepcopy(generator)
    del bare.mapping._buffers["w_avg"]
    for name, module in bare.named_modules():
        if name.endswith(("conv0", "conv1")):
            del module._buffers["noise_const"], module._parameters["noise_strength"]
    loaded = load_generator(write_nvidia(tmp_path / "test.pkl", bare))
    w = generator.sample_w(0)
    torch.testing.assert_close(loaded.synthesis(w, "const"), generator.synthesis(w, "none"))
    torch.testing.assert_close(
        loaded.mapping.w_avg, generator.mapping(torch.randn(4000, 16))[:, 0].mean(0), atol=0.1, rtol=0
    )
    assert loaded.card["notes"] == [
        "noise is not in the file: drawn from seed 0, or none where the layers take none",
        "w_avg estimated from 10000 samples",
    ]


# TensorFlow's pickles


def test_a_tensorflow_pickle_is_read(tmp_path):
    generator = small_generator(c_dim=2, clamp=256.0)
    path = write_tensorflow(tmp_path / "stylegan2-ffhq-config-f.pkl", generator, conv_clamp=256)
    loaded = load_generator(path)
    same_weights(loaded, generator)
    assert inspect_checkpoint(path).format == "NVIDIA TensorFlow pickle"
    assert loaded.config == generator.config


def test_the_kernel_of_an_upsampling_convolution_is_turned(tmp_path):
    generator = small_generator()
    variables = tensorflow_variables(generator)["synthesis"]
    stored = torch.from_numpy(variables["8x8/Conv0_up/weight"].copy())
    turned = (
        load_generator(write_tensorflow(tmp_path / "test.pkl", generator)).synthesis.block(2).conv0.weight
    )
    torch.testing.assert_close(turned[2, 1, 0, 2], stored[2, 0, 1, 2])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"version": 3}, "a TensorFlow network of version 3; StyleGAN2's have version 4 or above"),
        ({"architecture": "resnet"}, "its architecture is 'resnet' where 'skip' is needed"),
        ({"conv_clamp": "x"}, "its conv_clamp is not a number"),
    ],
)
def test_other_tensorflow_networks_are_refused(tmp_path, arguments, expected):
    path = write_tensorflow(tmp_path / "test.pkl", small_generator(), **arguments)
    assert message(path) == f"{path}: {expected}"


# rosinality's files


def rosinality_forward(state: dict[str, Tensor], w: Tensor) -> Tensor:
    """The image that the layout means, from the paper: modulated weights, one sample. w [L, w_dim]."""

    def kernel(name: str, style: Tensor, demodulate: bool) -> Tensor:
        weight = state[f"{name}.conv.weight"][0]
        scale = F.linear(style, state[f"{name}.conv.modulation.weight"] / math.sqrt(len(style)))
        scale = scale + state[f"{name}.conv.modulation.bias"]
        weight = weight * scale[:, None, None] / math.sqrt(weight[0].numel())
        norm = torch.rsqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        return weight * norm if demodulate else weight

    def blur(x: Tensor, before: int, after: int) -> Tensor:
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
        padded = F.pad(x, (before, after, before, after))
        return F.conv2d(padded, torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4), groups=x.shape[1])

    def convolve(name: str, number: int, x: Tensor, up: bool) -> Tensor:
        weight = kernel(name, w[number], demodulate=True)
        if up:
            x = blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1, 1)
        else:
            x = F.conv2d(x, weight, padding=1)
        x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{number}"]
        return F.leaky_relu(x + state[f"{name}.activate.bias"][:, None, None], 0.2) * math.sqrt(2)

    x = convolve("conv1", 0, state["input.input"], up=False)
    image = F.conv2d(x, kernel("to_rgb1", w[1], demodulate=False)) + state["to_rgb1.bias"]
    for index in range((len(w) - 2) // 2):
        x = convolve(f"convs.{2 * index}", 2 * index + 1, x, up=True)
        x = convolve(f"convs.{2 * index + 1}", 2 * index + 2, x, up=False)
        spread = torch.zeros(1, 3, *x.shape[2:])
        spread[:, :, ::2, ::2] = image
        rgb = F.conv2d(x, kernel(f"to_rgbs.{index}", w[2 * index + 3], demodulate=False))
        image = blur(spread, 2, 1) + rgb + state[f"to_rgbs.{index}.bias"]
    return image


def write_rosinality(path: Path, generator: Generator, **extra: object) -> Path:
    torch.save({"g_ema": rosinality_state(generator), "latent_avg": generator.mapping.w_avg, **extra}, path)
    return path


def test_a_rosinality_file_is_read(tmp_path):
    generator = small_generator()
    path = write_rosinality(tmp_path / "550000.pt", generator, args=argparse.Namespace(size=32))
    same_weights(load_generator(path), generator)
    assert inspect_checkpoint(path).format == "rosinality checkpoint"


def test_a_rosinality_file_means_the_same_image(tmp_path):
    generator = small_generator()
    loaded = load_generator(write_rosinality(tmp_path / "test.pt", generator))
    w = generator.sample_w(5)
    torch.testing.assert_close(
        loaded.synthesis(w), rosinality_forward(rosinality_state(generator), w[0]), atol=1e-5, rtol=1e-5
    )


def test_an_old_rosinality_file_is_read(tmp_path):
    generator = small_generator()
    state = {
        name: value for name, value in rosinality_state(generator).items() if not name.startswith("noises.")
    }
    torch.save({"g_ema": state}, tmp_path / "test.pt", _use_new_zipfile_serialization=False)
    loaded = load_generator(tmp_path / "test.pt")
    w = generator.sample_w(0)
    torch.testing.assert_close(loaded.synthesis(w, "none"), generator.synthesis(w, "none"))
    assert len(loaded.card["notes"]) == 2


def test_a_state_dict_under_our_names_is_read(tmp_path):
    generator = small_generator()
    torch.save({"G_ema": generator.state_dict()}, tmp_path / "test.pt")
    same_weights(load_generator(tmp_path / "test.pt"), generator)


# converting and finding


@pytest.mark.parametrize("write", [write_nvidia, write_tensorflow, write_rosinality])
def test_every_format_converts_to_previzs_own(tmp_path, write):
    generator = small_generator()
    source = write(tmp_path / "source", generator)
    target = convert_checkpoint(source, tmp_path / "target.safetensors", torch.float32)
    assert load_generator(target).digest == load_generator(source).digest
    assert load_generator(target).card == load_generator(source).card
    assert inspect_checkpoint(target).format == "previz safetensors"


def test_a_name_means_a_bundled_character(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tester").mkdir()  # a folder of that name is not in the way
    path = save_generator(small_generator(), tmp_path / "tester.safetensors", {"name": "Tester"})
    assert load_generator("tester").card == {"name": "Tester"}
    assert ("tester", path, {"name": "Tester"}) in list_checkpoints()


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVIZ_CHECKPOINTS", str(tmp_path))
    save_generator(small_generator(), tmp_path / "tester.safetensors")
    text = message("testre")
    assert text.startswith("testre: neither a file nor a bundled character; did you mean 'tester'? Bundled: ")
    assert message("zzz").startswith("zzz: neither a file nor a bundled character. Bundled: ")


def test_a_damaged_bundled_character_is_listed_with_its_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVIZ_CHECKPOINTS", str(tmp_path))
    (tmp_path / "broken.safetensors").write_bytes(b"\0" * 100)
    card = next(card for name, _, card in list_checkpoints() if name == "broken")
    assert card["error"].startswith(f"{tmp_path / 'broken.safetensors'}: not a whole safetensors file (")


# files that are something else


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"GIF89a" + b"\0" * 50, f"not a checkpoint; {KNOWN}"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
         "a Git LFS pointer, not the checkpoint itself; run git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "a web page, not a checkpoint; download the file again"),
        (b"\x80\x04N.", f"a pickle without a StyleGAN2 generator; {KNOWN}"),
        (b"\x80\x04}", "the pickle is damaged or cut short (pickle exhausted before seeing STOP)"),
        (b"PK\x03\x04" + b"\0" * 50, "the PyTorch file is damaged or cut short"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_gets_one_clear_line(tmp_path, content, expected):
    path = tmp_path / "test.pkl"
    path.write_bytes(content)
    assert message(path) == f"{path}: {expected}"


def test_a_missing_file(tmp_path):
    assert message(tmp_path / "none.pkl") == f"{tmp_path / 'none.pkl'}: no such file"


def test_a_folder(tmp_path):
    assert message(tmp_path) == f"{tmp_path}: is a folder; name the checkpoint in it"


def test_a_huge_file(tmp_path):
    path = tmp_path / "test.pkl"
    with path.open("wb") as file:
        file.write(b"\x80\x04")
        file.truncate(5 << 30)  # takes no space
    assert message(path) == f"{path}: has 5.4 GB; a StyleGAN2 checkpoint has less than 4.3 GB"


def test_an_absurd_header(tmp_path):
    path = tmp_path / "test.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{" + b"\0" * 50)
    assert message(path).startswith(f"{path}: not a whole safetensors file (")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("gpu", "device 'gpu' is not one; use cpu, cuda, cuda:1 or mps"),
        ("meta", "device meta: previz runs on cpu, cuda and mps"),
        pytest.param(
            "cuda",
            "device cuda: no CUDA device is available here; use cpu",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_a_device_that_is_not_there(tmp_path, device, expected):
    path = save_generator(small_generator(8), tmp_path / "test.safetensors")
    with pytest.raises(DeviceError) as error:
        load_generator(path, device)
    assert str(error.value) == expected
