"""What is given out says nothing of when, where and by whom it was built."""

import tarfile
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.kit.build import DATE, build_kit
from grader.kit.fill import DIFFUSION
from grader.paths import COLLECT_SCRIPT, TEMPLATE_DIR


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_kit(tmp_path_factory.mktemp("kit"))


def test_members_have_neither_owner_nor_date_and_are_in_order(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        members = packed.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    for member in members:
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
        assert member.mtime == DATE
        assert member.isfile()


def test_the_compression_keeps_neither_name_nor_time(archive: Path) -> None:
    header = archive.read_bytes()[:10]
    assert header[3] == 0  # flags: no name, no comment
    assert header[4:8] == bytes(4)


def test_members_are_the_files_that_lie_here(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        for path in (TEMPLATE_DIR / DIFFUSION, COLLECT_SCRIPT):
            member = packed.extractfile(path.name)
            assert member is not None
            assert member.read() == path.read_bytes()


def test_a_notebook_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=DIFFUSION):
        build_kit(tmp_path, tmp_path)
