import os
import stat
import tempfile

import pytest

from previz.errors import OutputError
from previz.files import check_output, output_file


def write(path, text="content", force=False, failure=None):
    with output_file(path, force) as temporary:
        temporary.write_text(text)
        if failure:
            raise failure


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "er" / "out.txt"
    with output_file(path) as temporary:
        temporary.write_text("content")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "content"
    assert [entry.name for entry in path.parent.iterdir()] == ["out.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path, failure):
    path = tmp_path / "out.txt"
    write(path, "before")
    with pytest.raises(failure):
        write(path, "half", force=True, failure=failure)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_file_has_the_permissions_that_the_umask_gives(tmp_path, umask, mode):
    def private(path):  # as libraries do that write a temporary file of their own and rename it
        handle, name = tempfile.mkstemp(dir=tmp_path)
        os.close(handle)
        os.replace(name, path)  # noqa: PTH105

    before = os.umask(umask)
    try:
        for name, fill in (("plain", lambda path: path.write_text("content")), ("private", private)):
            with output_file(tmp_path / name) as temporary:
                fill(temporary)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    finally:
        os.umask(before)


def test_nothing_is_overwritten_without_force(tmp_path):
    path = tmp_path / "out.txt"
    write(path, "before")
    with pytest.raises(OutputError) as error:
        write(path)
    assert str(error.value) == f"{path} exists already; pass --force (force=True from Python) to replace it"
    write(path, "after", force=True)
    assert path.read_text() == "after"


def test_a_folder_is_not_a_place_for_a_file(tmp_path):
    with pytest.raises(OutputError) as error:
        check_output(tmp_path)
    assert str(error.value) == f"{tmp_path} is a folder; name a file in it"


def test_a_file_in_a_folders_place_is_told(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OutputError) as error:
        check_output(tmp_path / "notes" / "out.txt")
    assert str(error.value).startswith(f"{tmp_path / 'notes' / 'out.txt'}: can't make its folder: ")


def test_a_name_that_is_too_long_is_told(tmp_path):
    path = tmp_path / ("x" * 254)
    with pytest.raises(OutputError, match=r"can't be written: File name too long"):
        write(path)
