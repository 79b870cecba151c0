"""A result as lines for a student: a smile, a frown or a dash, and one sentence each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.results import CheckResult, Result, State
from grader.selfcheck.found import Packed
from grader.selfcheck.words import Words

SMILE, FROWN, DASH = ":)", ":(", ":|"
COLOURS: Mapping[str, str] = {SMILE: "\033[32m", FROWN: "\033[31m", DASH: "\033[33m"}
PLAIN = "\033[0m"
NEARLY = 0.9
UNSURE = {State.NEEDS_REVIEW, State.SKIPPED, State.INFRA_ERROR}
NOTEBOOKS = (("2-1", "diffusion"), ("2-2", "text_to_image"))


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


def sentence_of(check: CheckResult, words: Words) -> str:
    if check.status is State.INFRA_ERROR and "ModuleNotFoundError" in check.message:
        return words("Not looked at, as scipy is missing here: pip install scipy")
    return words.sentence(check.message)


def found_lines(packed: Packed, result: Result, words: Words) -> Iterator[str]:
    """Which notebooks were found, and what would be packed."""
    flagged = {flag.id for flag in result.flags}
    yield words("In {folder}:").format(folder=packed.folder)
    for path in packed.files:
        yield f"    {path.as_posix()}"
    size = f"{packed.size / 1e6:.1f}"
    text = words("{count} files, {size} MB, would be packed by CollectSubmission.sh.")
    yield "    " + text.format(count=len(packed.files), size=size)
    if "notebook_missing" in flagged:
        for flag in result.flags:
            if flag.id == "notebook_missing":
                yield f"    {words.sentence(flag.message)}"


def table(lines: list[Line], colour: bool) -> Iterator[str]:
    """One below the other; a name longer than most gets a line of its own."""
    width = max(len(line.check) for line in lines)
    for line in lines:
        mark = f"{COLOURS[line.mark]}{line.mark}{PLAIN}" if colour else line.mark
        yield f"{mark} {line.check:<{width}}  {line.sentence}"
