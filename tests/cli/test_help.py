"""The help of every command, found by walking the commands."""

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from grader.cli import cli
from grader.selfcheck.command import parser

SHORT = 50  # letters of a summary that the list of commands shows whole


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def find(words: tuple[str, ...]) -> click.Command:
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


def letters(text: str) -> str:
    """Without what changes where a line is broken."""
    return re.sub(r"[\s-]", "", text)


every_command = pytest.mark.parametrize("words", list(commands(cli)), ids=" ".join)


@every_command
def test_every_option_of_every_command_is_shown_with_help(words: tuple[str, ...]) -> None:
    shown = letters(CliRunner().invoke(cli, [*words, "--help"]).output)
    for parameter in find(words).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert letters(", ".join(parameter.opts)) in shown
            assert letters(parameter.help) in shown


@every_command
def test_every_command_starts_with_a_short_sentence(words: tuple[str, ...]) -> None:
    text = find(words).help
    assert text
    summary = text.splitlines()[0]
    assert summary.endswith(".")
    assert len(summary) <= SHORT
    assert not find(words).get_short_help_str(SHORT).endswith("...")


@every_command
def test_help_is_written_as_sentences(words: tuple[str, ...]) -> None:
    for parameter in find(words).params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.help.endswith("."), parameter.name


@every_command
def test_what_takes_a_path_to_write_to_has_both_spellings(words: tuple[str, ...]) -> None:
    """``--out`` is the one that the pages show, and ``--output`` is accepted everywhere."""
    for parameter in find(words).params:
        if {"--out", "--output"} & set(parameter.opts):
            assert parameter.opts == ["--out", "--output"]


def test_four_commands_write_to_a_path() -> None:
    takes = {
        " ".join(words)
        for words in commands(cli)
        if any("--out" in parameter.opts for parameter in find(words).params)
    }
    assert takes == {"grade", "batch", "export", "template build"}


def test_every_option_of_the_self_check_has_help() -> None:
    named = [action for action in parser()._actions if action.option_strings]
    assert len(named) > 3
    assert all(action.help for action in named)
