"""What the pages show is true: their commands run, their options exist, their links lead somewhere.

A block that begins with ``sh run`` is run, page by page, in one folder.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from grader.cli import cli
from grader.commands.options import LIMITS
from grader.paths import PACKAGE

ROOT = PACKAGE.parent
FIRST = ["README.md", "docs/tas.md"]  # these make the grades that later pages use
PAGES = [*FIRST, *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))]
PAGES = list(dict.fromkeys(PAGES))
LINKED = [*PAGES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
ONE_SCREEN = 65
SHOWN = ["examples", "reference"]  # what the commands of the pages name


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def commands(page: str) -> Iterator[list[str]]:
    """The words of each ``ddpm-grader`` command that a page shows."""
    for block in blocks(page, "sh(?: run)?"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["ddpm-grader"]:
                yield words[1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("reader")
    for name in SHOWN:
        (found / name).symlink_to(ROOT / name)
    return found


def test_the_commands_of_all_pages_run(folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    for page in PAGES:
        for block in blocks(page, "sh run"):
            command = ["bash", "-euo", "pipefail", "-c", block]
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{page}: {block}{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr
            ran += len(block.splitlines())
    assert ran >= 10
    for made in (
        *("results/result.json", "results/2023-12345/clarity.png", "grades/index.html"),
        *("grades/2023-20002/report.html", "grades/2023-20002/report_ta.html"),
        *("grades.csv", "decisions.csv", "clarity.png", "mine.toml"),
        *("kit/Assignment2.tar.gz", "kit/autograder.zip"),
    ):
        assert (folder / made).is_file(), made


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_a_page_shows_exists(page: str) -> None:
    for words in commands(page):
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None
            command = found
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", LINKED)
def test_links_and_pictures_lead_to_a_file(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", text_of(page)):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_the_readme_is_one_screen_and_names_every_page() -> None:
    text = text_of("README.md")
    assert len(text.splitlines()) <= ONE_SCREEN
    assert [page for page in LINKED if page != "README.md" and f"({page})" not in text] == []


def test_the_operations_page_names_every_limit() -> None:
    assert tuple(re.findall(r"^\| `([\w-]+)` \|", text_of("docs/operations.md"), re.MULTILINE)) == (
        LIMITS
    )
