import errno
import gzip
import hashlib
import io
import json
import os
import random
import tarfile
import warnings
from pathlib import Path

import nbformat
import pytest

from grader.bounded import in_this_process
from grader.errors import GraderError, Rejected
from grader.intake import ArchiveLimits, open_submission, read_notebook
from grader.intake.archive import Hashed, unpack

LIMITS = ArchiveLimits()


def notebook(source: str) -> bytes:
    cell = {"cell_type": "code", "source": [source], "metadata": {"id": "a"}}
    return json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 0}).encode()


DIFFUSION = notebook("def beta_schedule(): pass\nclass DDPM: pass")
TTI = notebook("pipe = StableDiffusionPipeline()\nGUIDANCE_SCALE = 7")


def pack(path: Path, files: dict[str, bytes], *extra: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in extra:
            tar.addfile(info)
    return path


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2000-00000.tar.gz", "2000-00000"),
        ("2000-00000-1.tar.gz", "2000-00000"),
        ("kim_LATE_12345_67890_2000-00000-1.tar.gz", "2000-00000"),
        ("12000-00000.tar.gz", None),
    ],
)
def test_the_student_id_comes_from_the_file_name(
    tmp_path: Path, name: str, expected: str | None
) -> None:
    with open_submission(pack(tmp_path / name, {"a.ipynb": DIFFUSION}), LIMITS) as found:
        assert found.student_id == expected
        root = found.root
    assert not root.exists()


def test_the_student_id_may_stand_inside(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.tar.gz", {"2000-12345/a.ipynb": DIFFUSION})
    with open_submission(archive, LIMITS) as found:
        assert found.student_id == "2000-12345"


def test_swapped_names_are_seen_by_content_and_mac_files_ignored(tmp_path: Path) -> None:
    files = {"s/2-1_diffusion.ipynb": TTI, "2-2_TTI (1).ipynb": DIFFUSION, "._2-1.ipynb": b"\0"}
    files[".ipynb_checkpoints/2-1.ipynb"] = DIFFUSION
    with open_submission(pack(tmp_path / "2000-00000.tar.gz", files), LIMITS) as found:
        assert found.diffusion is not None
        assert found.text_to_image is not None
        assert found.diffusion.name == "2-2_TTI (1).ipynb"
        assert found.text_to_image.name == "2-1_diffusion.ipynb"
        assert [f.id for f in found.flags] == ["notebook_name", "notebook_name"]


def test_of_several_candidates_the_newest_by_name_is_taken(tmp_path: Path) -> None:
    files = {"2-1.ipynb": DIFFUSION, "2-1 (2).ipynb": DIFFUSION, "2-2.ipynb": TTI}
    with open_submission(pack(tmp_path / "2000-00000.tar.gz", files), LIMITS) as found:
        assert found.diffusion is not None
        assert found.diffusion.name == "2-1 (2).ipynb"
        assert "notebook_candidates" in [f.id for f in found.flags]


@pytest.mark.parametrize(
    "bad",
    [
        member("dev", tarfile.CHRTYPE),
        member("fifo", tarfile.FIFOTYPE),
        member("a/" * 50 + "x", tarfile.REGTYPE),
    ],
    ids=["device", "fifo", "deep"],
)
def test_an_unsafe_member_is_left_out_and_flagged(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = pack(tmp_path / "2000-00000.tar.gz", {"a.ipynb": DIFFUSION}, bad)
    with open_submission(archive, LIMITS) as found:
        assert [p.name for p in found.root.rglob("*")] == ["a.ipynb"]
        assert found.flags[0].id == "archive_member_left_out"


def damaged_archives() -> dict[str, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("a.ipynb")
        info.size = len(DIFFUSION)
        tar.addfile(info, io.BytesIO(DIFFUSION))
    good = buffer.getvalue()
    return {
        "empty": b"",
        "text": b"hello" * 200,
        "zip": b"PK\3\4" + b"x" * 600,
        "truncated": good[: len(good) // 2],
        "checksum": good[:-8] + b"12345678",
        "gzip of text": gzip.compress(b"hello" * 500),
        "gzip of nothing": gzip.compress(b""),
    }


@pytest.mark.parametrize("kind", damaged_archives())
def test_a_damaged_archive_is_rejected_in_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "2000-00000.tar.gz"
    path.write_bytes(damaged_archives()[kind])
    with pytest.raises(Rejected, match=r"^The .*\.$"), open_submission(path, LIMITS):
        pass


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_is_that_of_the_whole_file_however_the_archive_ends(tmp_path: Path) -> None:
    random = os.urandom(2**20)
    whole = pack(tmp_path / "a.tar.gz", {"a.ipynb": DIFFUSION, "weights": random}).read_bytes()
    contents = {
        **damaged_archives(),
        "whole": whole,
        "another member of gzip": whole + gzip.compress(random),
        "zeros behind": whole + bytes(2**20),
        "rubbish behind": whole + random,
        "no notebook": gzip.compress(pack(tmp_path / "t", {"x": random}, mode="w").read_bytes()),
        "bare": pack(tmp_path / "b", {"a.ipynb": DIFFUSION}, mode="w").read_bytes() + random,
    }
    for kind, content in contents.items():
        path = tmp_path / "2000-00000.tar.gz"
        path.write_bytes(content)
        try:
            with open_submission(path, LIMITS) as found:
                digest: str | None = found.sha256
        except Rejected as error:
            digest = error.sha256
        assert digest == sha256(path), kind


def test_a_limit_in_the_middle_keeps_what_came_before_and_the_digest_of_all(tmp_path: Path) -> None:
    files = {f"{number}": os.urandom(2**12) for number in range(300)}
    path = pack(tmp_path / "2000-00000.tar.gz", files)
    for limits in (ArchiveLimits(members=2), ArchiveLimits(unpacked_bytes=13_000)):
        with open_submission(path, limits) as found:
            assert found.sha256 == sha256(path)
            assert [p.name for p in sorted(found.root.iterdir())] == ["0", "1"]
            assert [it.whole for it in found.unread] == [True]
    with pytest.raises(Rejected) as refused, open_submission(path, ArchiveLimits(2**10)):
        pass
    assert refused.value.sha256 == sha256(path)


def test_a_submission_is_read_once_a_piece_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / "2000-00000.tar.gz", {"a.ipynb": DIFFUSION, "w": os.urandom(2**22)})
    opened, read = [], []
    path_open, readinto = Path.open, Hashed.readinto

    def noted(self: Path, *arguments: object, **more: object) -> object:
        opened.append(self)
        return path_open(self, *arguments, **more)  # type: ignore[call-overload]

    def counted(self: Hashed, buffer: bytearray) -> int:
        read.append(readinto(self, buffer))
        return read[-1]

    monkeypatch.setattr(Path, "open", noted)
    monkeypatch.setattr(Hashed, "readinto", counted)
    with in_this_process(), open_submission(path, LIMITS):
        pass
    assert opened.count(path) == 1
    assert sum(read) == path.stat().st_size
    assert max(read) <= 2**20


def test_limits_hold_whatever_the_headers_say(tmp_path: Path) -> None:
    many = pack(tmp_path / "a.tar.gz", {f"{i}.txt": b"" for i in range(1001)})
    with open_submission(many, ArchiveLimits(members=1000)) as found:
        assert "more than 1000 members" in str(found.unread[0].reason)
    large = pack(tmp_path / "b.tar.gz", {"x": b"\0" * 2**22})
    with pytest.raises(Rejected, match="times its own"), open_submission(large, LIMITS):
        pass
    with pytest.raises(Rejected, match="bytes"), open_submission(large, ArchiveLimits(2**20)):
        pass


def test_a_bare_tar_is_read_and_flagged(tmp_path: Path) -> None:
    archive = pack(tmp_path / "2000-00000.tar.gz", {"a.ipynb": DIFFUSION}, mode="w")
    with open_submission(archive, LIMITS) as found:
        assert found.flags[0].id == "archive_not_compressed"


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "2000-00000"
    folder.mkdir()
    (folder / "a.ipynb").write_bytes(DIFFUSION)
    (folder / "results").symlink_to("/etc")
    with open_submission(folder, LIMITS) as found:
        assert [p.name for p in found.root.iterdir()] == ["a.ipynb"]
        assert found.student_id == "2000-00000"


V3 = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"]}]}]}


@pytest.mark.parametrize(
    "content",
    [notebook("x = 1"), b"\xef\xbb\xbf" + notebook("x = 1"), json.dumps(V3).encode()],
    ids=["4.0", "bom", "v3"],
)
def test_notebooks_from_the_wild_become_valid(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nb = read_notebook(path)
        nbformat.validate(nb)
    assert nb.cells[0].source == "x = 1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"cells":' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
def test_a_damaged_notebook_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(Rejected):
        read_notebook(path)


@pytest.mark.parametrize("packed", [True, False])
def test_a_full_disk_leaves_no_file_of_a_students_out(
    tmp_path: Path, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk has no room for names, either; what was left out would count as not handed in."""

    def full(*arguments: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = tmp_path / "2000-00000"
    folder.mkdir()
    (folder / "Assignment2-1_diffusion.ipynb").write_bytes(DIFFUSION)
    archive = pack(tmp_path / "2000-00000.tar.gz", {"a/Assignment2-1_diffusion.ipynb": DIFFUSION})
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        with (
            in_this_process(),  # whose disk is full
            pytest.raises(GraderError, match=r"cannot be unpacked here: No space left"),
            open_submission(archive if packed else folder, LIMITS),
        ):
            pass


def test_a_wrong_checksum_takes_no_file_away(tmp_path: Path) -> None:
    for number in range(20):
        noise = random.Random(number)
        files = {f"{n}.png": noise.randbytes(noise.randrange(1000, 60_000)) for n in range(4)}
        archive = pack(tmp_path / f"{number}.tar.gz", files)
        archive.write_bytes(archive.read_bytes()[:-8] + b"12345678")
        root = tmp_path / str(number)
        root.mkdir()
        assert unpack(archive, root, LIMITS).unread, "the damage is told"
        assert {path.name: path.read_bytes() for path in root.iterdir()} == files
