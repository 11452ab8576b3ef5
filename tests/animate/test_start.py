import numpy as np
import pytest
from safetensors.numpy import save_file

from previz.animate import solve
from previz.errors import SolveError
from previz.timeline import load_timeline
from tests.animate.characters import make_timeline

LATENT = np.random.default_rng(0).standard_normal((8, 16)).astype(np.float32)
STILL = {"jaw": {"at": [12, 16], "pin": True}}


def start_of(path, generator):
    character = {"checkpoint": "tiny", "latent": str(path)}
    return solve(make_timeline(frames="1001", handles=STILL, character=character), generator).latents[0]


def test_a_latent_is_read_from_npy(generator, tmp_path):
    np.save(tmp_path / "w.npy", LATENT)
    np.testing.assert_array_equal(start_of(tmp_path / "w.npy", generator), LATENT)


def test_a_latent_is_read_from_the_projectors_npz(generator, tmp_path):
    np.savez(tmp_path / "projected_w.npz", w=LATENT[None].astype(np.float64))
    np.testing.assert_array_equal(start_of(tmp_path / "projected_w.npz", generator), LATENT)


def test_a_latent_is_read_from_safetensors(generator, tmp_path):
    save_file({"anything": LATENT}, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(start_of(tmp_path / "w.safetensors", generator), LATENT)


def test_one_w_serves_all_layers(generator, tmp_path):
    np.save(tmp_path / "w.npy", LATENT[0])
    np.testing.assert_array_equal(start_of(tmp_path / "w.npy", generator), np.tile(LATENT[0], (8, 1)))


def test_a_latent_is_found_beside_its_timeline(generator, tmp_path):
    np.save(tmp_path / "w.npy", LATENT)
    (tmp_path / "tiny.safetensors").touch()
    (tmp_path / "shot.yaml").write_text(
        "previz: 1\nframes: 1001\ncharacter: {checkpoint: tiny.safetensors, latent: w.npy}\n"
        "handles: {jaw: {at: [12, 16], pin: true}}\n"
    )
    take = solve(load_timeline(tmp_path / "shot.yaml"), generator)
    np.testing.assert_array_equal(take.latents[0], LATENT)


def many(path):
    np.save(path, np.zeros((4, 8, 16), np.float32))


def misfit(path):
    np.save(path, np.zeros((10, 16), np.float32))


def infinite(path):
    np.save(path, np.full((8, 16), np.inf, np.float32))


def whole(path):
    np.save(path, np.zeros((8, 16), np.int64))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            many,
            " holds 4 latents, and a shot starts from one; write it with `previz latents export --frames N`",
        ),
        (misfit, ": the latent is [10, 16], and the generator's are [8, 16]"),
        (infinite, ": the latent holds values that are not finite"),
        (whole, ": the latent is int64, and not of floating point"),
        (lambda path: None, ": there is no such latent"),
    ],
)
def test_a_latent_that_does_not_fit_is_refused(generator, tmp_path, write, message):
    path = tmp_path / "w.npy"
    write(path)
    with pytest.raises(SolveError) as error:
        start_of(path, generator)
    assert str(error.value) == f"{path}{message}"


@pytest.mark.parametrize("name", ["w.npy", "w.npz", "w.safetensors"])
def test_a_file_that_is_none_is_refused(generator, tmp_path, name):
    (tmp_path / name).write_bytes(b"this is no array")
    with pytest.raises(SolveError) as error:
        start_of(tmp_path / name, generator)
    assert str(error.value).startswith(f"{tmp_path / name}: can't be read as a latent: ")


def test_a_pickled_array_is_not_loaded(generator, tmp_path):
    np.save(tmp_path / "w.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(SolveError) as error:
        start_of(tmp_path / "w.npy", generator)
    assert str(error.value).startswith(f"{tmp_path / 'w.npy'}: can't be read as a latent: ")


def test_several_arrays_need_a_name(generator, tmp_path):
    np.savez(tmp_path / "w.npz", a=LATENT, b=LATENT)
    with pytest.raises(SolveError) as error:
        start_of(tmp_path / "w.npz", generator)
    path = tmp_path / "w.npz"
    assert str(error.value) == f"{path} holds 2 arrays, and none of them is called latents or w"


def test_another_kind_of_file_is_refused(generator, tmp_path):
    (tmp_path / "w.txt").touch()
    with pytest.raises(SolveError) as error:
        start_of(tmp_path / "w.txt", generator)
    assert str(error.value) == f"{tmp_path / 'w.txt'}: a latent is a .safetensors, .npy or .npz file"
