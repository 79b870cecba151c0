"""Temporary folders: who sweeps what, and what is left alone."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from grader import scratch as module
from grader.errors import GraderError
from grader.scratch import remove, scratch, scratch_for_sockets, sweep

ROOT = Path(__file__).resolve().parents[1]
CODE = """
import sys, time
from grader.scratch import scratch
(scratch() / "unpacked").mkdir()
print(scratch(), flush=True)
time.sleep(float(sys.argv[1]))
"""


def start(base: Path, seconds: int) -> "tuple[subprocess.Popen[str], Path]":
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(seconds)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(base)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        return process, Path(said.readline().strip())


@pytest.fixture
def dead() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left(base: Path, number: int) -> Path:
    """A folder as a process of that number would have left it."""
    folder = base / f"ddpm-{number}-abcd_123"
    (folder / "unpacked").mkdir(parents=True)
    return folder


def test_what_a_killed_process_left_goes_when_the_next_one_starts(tmp_path: Path) -> None:
    killed, its_folder = start(tmp_path, 60)
    living, other_folder = start(tmp_path, 60)
    assert its_folder.exists()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert its_folder.exists()
    third, third_folder = start(tmp_path, 0)
    assert third.wait() == 0
    assert not its_folder.exists()
    assert not third_folder.exists()  # ended by itself
    assert (other_folder / "unpacked").exists()
    living.kill()
    living.wait()


def test_one_folder_for_each_process_and_place(tmp_path: Path) -> None:
    assert scratch() == scratch()
    below = scratch(str(tmp_path))
    assert below.parent == tmp_path
    assert scratch(str(tmp_path)) == below
    assert below.stat().st_mode & 0o777 == 0o700
    with pytest.raises(GraderError, match="No folder can be made in"):
        scratch(str(tmp_path / "nowhere"))


def test_sockets_find_a_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scratch_for_sockets() == scratch()
    deep = tmp_path / ("d" * 60)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert scratch().parent == deep
    assert scratch_for_sockets().parent == Path("/tmp").resolve()


def test_only_what_looks_like_ours_is_swept(tmp_path: Path, dead: int) -> None:
    ours = left(tmp_path, dead)
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / f"ddpm-{dead}-linklink").symlink_to(precious)
    (tmp_path / f"ddpm-{dead}-filefile").touch()
    for name in (f"ddpm-{dead}", f"ddpm-{dead}-abcd_1234", "ddpm-x-abcd_123", "ddpm-batch-1-abcd"):
        (tmp_path / name).mkdir()
    before = set(tmp_path.iterdir())
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == before - {ours}


def test_another_users_folder_is_left_alone(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = left(tmp_path, dead)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    sweep(tmp_path)
    assert folder.exists()


def test_a_folder_in_use_is_left_alone_though_its_number_is_unknown_here(
    tmp_path: Path, dead: int
) -> None:
    folder = left(tmp_path, dead)
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    sweep(tmp_path)
    assert folder.exists()
    os.close(held)
    sweep(tmp_path)
    assert not folder.exists()


def test_a_folder_that_is_about_to_be_locked_is_left_alone(tmp_path: Path) -> None:
    folder = left(tmp_path, os.getpid())
    sweep(tmp_path)
    assert folder.exists()


def test_a_number_that_was_given_again_protects_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = left(tmp_path, os.getpid())
    later = folder.stat().st_ctime + 60
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: later)
    sweep(tmp_path)
    assert not folder.exists()


def test_a_fork_leaves_its_parents_folder(tmp_path: Path) -> None:
    folder = scratch(str(tmp_path))
    module._remove(folder, os.getpid() + 1)
    assert folder.exists()


def test_what_a_student_locked_is_removed_and_what_links_lead_to_is_not(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (folder / "ipc" / "locked").mkdir(parents=True)
    outside.mkdir()
    outside.chmod(0o750)
    (folder / "ipc" / "locked" / "file").write_text("x")
    (folder / "link").symlink_to(outside)
    for path in (folder / "ipc" / "locked", folder / "ipc"):
        path.chmod(0)
    remove(folder)
    assert not folder.exists()
    assert outside.stat().st_mode & 0o777 == 0o750


def chain(folder: Path, depth: int) -> None:
    """Folders in one another, deeper than any path reaches and than Python may call itself."""
    folder.mkdir()
    within = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=within)
        deeper = os.open("d", os.O_RDONLY, dir_fd=within)
        os.close(within)
        within = deeper
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=within))
    os.fchmod(within, 0)
    os.close(within)


def test_folders_nested_however_deep_are_removed(tmp_path: Path) -> None:
    chain(tmp_path / "deep", 3000)
    remove(tmp_path / "deep")
    assert list(tmp_path.iterdir()) == []


def test_a_deep_chain_that_was_left_behind_stops_no_later_command(
    tmp_path: Path, dead: int
) -> None:
    chain(left(tmp_path, dead) / "ipc", 2000)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [b"\xb0\xa1", b"a\nb", b"-rf", b"\x1b[2J", b"x" * 255])
def test_files_and_folders_of_any_name_are_removed(tmp_path: Path, name: bytes) -> None:
    folder = os.fsencode(tmp_path / "folder")
    os.makedirs(folder + b"/" + name + b"/" + name)
    open(folder + b"/" + name + b"/file", "w").close()
    os.chmod(folder + b"/" + name, 0)
    remove(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_removing_what_is_not_there_or_is_no_folder_raises_nothing(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    (tmp_path / "link").symlink_to(outside)
    remove(tmp_path / "link")
    assert (outside / "kept").exists()
