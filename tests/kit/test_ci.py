"""The workflows for courses' repositories."""

import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from grader.cli import cli
from grader.paths import PACKAGE

CI = PACKAGE / "kit" / "ci"


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_commands_of_the_course_workflows_exist(name: str) -> None:
    text = (CI / name).read_text("utf-8")
    steps = yaml.safe_load(text)
    if name == "github.yml":
        lines = [step.get("run") for step in steps["jobs"]["check"]["steps"]]
    else:
        lines = steps["template"]["script"]
    assert "ddpm-grader template check student_template" in lines
    commands = re.findall(r"ddpm-grader (template .*)", text)
    assert commands == ["template check student_template"]
    command: click.Command = cli
    words = commands[0].split()
    with click.Context(command) as context:
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None
            command = found
        parsed = command.make_context("check", words)
    assert parsed.params["folder"] == Path("student_template")


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_what_the_course_workflows_install_is_there(name: str) -> None:
    extra = re.search(r"ddpm-grader\[(\w+)\]", (CI / name).read_text("utf-8"))
    assert extra is not None
    known = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))
    assert extra[1] in known["project"]["optional-dependencies"]
