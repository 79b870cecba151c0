"""A result as lines for a student: a smile, a frown or a dash, and one sentence each."""

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width

from grader.messages.message import messages_in, say
from grader.results import CheckResult, Result
from grader.selfcheck.found import Packed
from grader.selfcheck.words import Words
from grader.states import State

SMILE, FROWN, DASH = ":)", ":(", ":|"
COLOURS: Mapping[str, str] = {SMILE: "\033[32m", FROWN: "\033[31m", DASH: "\033[33m"}
PLAIN = "\033[0m"
NEARLY = 0.9
NARROWEST = 30
UNSURE = {State.NEEDS_REVIEW, State.SKIPPED, State.INFRA_ERROR}
SILENT = {"left_out", "student_id_unknown", "checkpoint_missing"}
"""Flags that tell a student nothing, or what a check says too."""
MISSING_MODULE = {
    say("run.unforeseen", reason=ModuleNotFoundError.__name__),
    say("checkpoint.unforeseen", error=ModuleNotFoundError.__name__),
}
"""What is said where the self-check lacks a module."""
_PLACE = re.compile(r"\bcell (\d+), line (\d+)")  # of a traceback: the last is where it happened


@dataclass(frozen=True)
class Line:
    """One check; ``sentence`` is in the student's language."""

    mark: str
    check: str
    sentence: str


def mark_of(check: CheckResult) -> str:
    """A dash where only the grader, or a person, can tell; a smile for nearly all of the points."""
    if check.status in UNSURE:
        return DASH
    return SMILE if check.points >= NEARLY * check.max_points else FROWN


def lines_of(result: Result, words: Words) -> list[Line]:
    checks = [check for item in result.items for check in item.checks]
    return [Line(mark_of(c), c.id, sentence_of(c, words)) for c in checks]


def has_scipy() -> bool:
    try:
        importlib.import_module("scipy")
    except ImportError:
        return False
    return True


def sentence_of(check: CheckResult, words: Words) -> str:
    if not MISSING_MODULE.isdisjoint(messages_in(check.said)) and not has_scipy():
        return words("Not looked at, as scipy is missing here: pip install scipy")
    said = words.sentence(check.said)
    places = _PLACE.findall(str(check.details.get("traceback", "")))
    if places:
        cell, line = places[-1]
        said += " " + words("(cell {cell}, line {line})").format(cell=cell, line=line)
    return said


def news(before: list[Line], after: list[Line], words: Words) -> Iterator[str]:
    """What became of the checks since the last time; those that say the same are left out."""
    marks = {line.check: line.mark for line in before}
    changed = [line for line in after if marks.get(line.check, line.mark) != line.mark]
    yield words("Since the last check:") if changed else words("No mark changed.")
    for line in changed:
        yield f"    {marks[line.check]} -> {line.mark} {line.check}"


def found_lines(packed: Packed, result: Result, words: Words) -> Iterator[str]:
    """What would be packed, and what a student should know of it."""
    yield words("In {folder}:").format(folder=packed.folder.resolve())
    for path in packed.files:
        yield f"    {path.as_posix()}"
    size = f"{packed.size / 1e6:.1f}"
    text = words("{count} files, {size} MB, would be packed by CollectSubmission.sh.")
    yield "    " + text.format(count=len(packed.files), size=size)
    for flag in result.flags:
        if flag.id not in SILENT:
            yield f"  ! {words.sentence(flag.said)}"


def table(lines: list[Line], columns: int, colour: bool) -> Iterator[str]:
    """One below the other, no wider than the terminal's ``columns``; in a narrow one the sentence
    stands below the check's name instead of beside it."""
    width = max(len(line.check) for line in lines)
    start = 3 + width + 2
    beside = columns - start >= NARROWEST
    start = start if beside else 3
    for line in lines:
        mark = f"{COLOURS[line.mark]}{line.mark}{PLAIN}" if colour else line.mark
        said = wrapped(line.sentence, columns - start)
        if beside:
            yield f"{mark} {line.check:<{width}}  {said.pop(0)}"
        else:
            yield f"{mark} {line.check}"
        yield from (f"{'':{start}}{text}" for text in said)


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of whole words. Korean letters are two columns wide, which textwrap does not know."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and displayed(joined) > columns:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def displayed(text: str) -> int:
    """How many columns a terminal needs for it."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in text)
