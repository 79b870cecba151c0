"""The list of commands."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from grader.cli import COMMANDS, cli

HEAVY = ("numpy", "torch", "rich", "nbformat", "zmq", "grader.pipeline")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_of_the_list_is_there_under_its_name_and_line(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert command.help.splitlines()[0] == COMMANDS[name].line


def test_the_help_lists_every_command_with_a_whole_sentence() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    for name, listed in COMMANDS.items():
        assert f"  {name} " in shown
        assert listed.line in shown


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_that_takes_long(option: str) -> None:
    code = (
        "import sys; from grader.cli import main\n"
        f"try: main([{option!r}])\n"
        f"finally: print([n for n in {HEAVY} if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout.splitlines()[-1] == "[]", ran.stderr


def test_a_command_that_is_not_there_is_said() -> None:
    result = CliRunner().invoke(cli, ["grad"])
    assert result.exit_code == 2
    assert "No such command 'grad'" in result.output
