"""``python selfcheck.pyz``: checks the student's own folder, and says what it found."""

import argparse
import json
import logging
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TextIO

from grader.bounded import in_this_process
from grader.errors import GraderError, Rejected, UsageError
from grader.messages.message import said_json
from grader.paths import DEFAULT_RUBRIC
from grader.pipeline import Options, Stopwatch, grade_opened, rejected
from grader.results import Graded, Result, flags_json, plain
from grader.rubric import load_rubric
from grader.sandbox import Ahead, Sandbox
from grader.selfcheck.found import Packed, as_submission, find
from grader.selfcheck.lines import (
    SMILE,
    Line,
    displayed,
    found_lines,
    lines_of,
    mark_of,
    news,
    table,
)
from grader.selfcheck.machine import IMPORTS, LIMITS, OwnMachine
from grader.selfcheck.pictures import write_pictures
from grader.selfcheck.words import LANGUAGES, Words
from grader.settings.evidence import KnownPictures

SEED = 0
WATCH_SECONDS = 0.1
WRONG_USAGE = 2


def main(arguments: list[str], language: str) -> int:
    """The exit code: 0 checked, whatever came of it; 2 wrong usage, or nothing to check."""
    options = parser().parse_args(arguments)
    logging.getLogger("grader").addHandler(logging.NullHandler())  # a line says what went wrong
    words = Words(options.lang or language)
    out = sys.stderr if options.json == "-" else sys.stdout
    packed = find(options.folder)
    if not packed.files:
        text = (
            "There is neither a notebook nor a result in {folder}: "
            "run this in the folder of the assignment."
        )
        print(words(text).format(folder=options.folder.resolve()), file=sys.stderr)
        return WRONG_USAGE
    try:
        with in_this_process():
            known: KnownPictures = {}
            lines = check_once(packed, options.json, words, out, known)
            if options.watch:
                watch(packed, lines, options.json, words, out, known)
    except GraderError as error:
        print(error, file=sys.stderr)
        return WRONG_USAGE
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        "selfcheck.pyz", description="Checks Assignment 2 before it is handed in."
    )
    found.add_argument("folder", nargs="?", type=folder, default=Path(), metavar="FOLDER")
    found.add_argument("--lang", choices=LANGUAGES, help="by default the system's")
    found.add_argument("--json", metavar="FILE|-", help="write what was found as JSON; - is stdout")
    found.add_argument("--watch", action="store_true", help="check again whenever a file is saved")
    return found


def folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def watch(
    packed: Packed,
    lines: list[Line],
    json_file: str | None,
    words: Words,
    out: TextIO,
    known: KnownPictures,
) -> NoReturn:
    """Checks again whenever a file is saved, each time in kernels that have run nothing yet; they
    start while it waits. Pictures of the result folders that did not change are not looked at
    again."""
    with Ahead(OwnMachine(), LIMITS, SEED, IMPORTS) as ahead:
        while True:
            before, packed = packed, wait_for_change(packed, words, out)
            saved = ", ".join(path.as_posix() for path in packed.changed_since(before))
            print(words("Saved: {files}").format(files=saved), file=out)
            earlier, lines = lines, check_once(packed, json_file, words, out, known, ahead)
            for text in news(earlier, lines, words):
                print(text, file=out)
            ahead.fill()


def check_once(
    packed: Packed,
    json_file: str | None,
    words: Words,
    out: TextIO,
    known: KnownPictures,
    machine: Sandbox | None = None,
) -> list[Line]:
    """Checks and shows; a folder without a readable notebook is said in one line."""
    began = time.perf_counter()
    rubric = replace(load_rubric(DEFAULT_RUBRIC), limits=LIMITS)
    options = Options(
        rubric, machine or OwnMachine(), seed=SEED, look_inside=False, known_pictures=known
    )
    status = Progress(words, out)
    try:
        with as_submission(packed) as submission:
            graded = grade_opened(submission, options, Stopwatch(), status)
    except Rejected as error:
        graded = rejected(packed.folder, error.said, "", options, Stopwatch())
    status("")
    result = graded.result
    lines = lines_of(result, words)
    if result.status == "rejected":
        print(words.sentence(result.flags[0].said), file=out)
    else:
        show(packed, graded, lines, words, out)
        seconds = f"{time.perf_counter() - began:.1f}"
        print(words("Checked in {seconds} s.").format(seconds=seconds), file=out)
    if json_file is not None:
        write_json(as_json(packed, result, lines), json_file)
    return lines


class Progress:
    """What is being done, on the terminal's last line; silent where there is no terminal.

    It is wiped out by blanks, as notebooks do not know the signs by which terminals do that.
    """

    def __init__(self, words: Words, out: TextIO) -> None:
        self._words, self._out = words, out
        self._columns = 0

    def __call__(self, stage: str) -> None:
        if self._out.isatty():
            text = f"{self._words(stage)} ..." if stage else ""
            print(f"\r{'':{self._columns}}\r{text}", end="", file=self._out, flush=True)
            self._columns = displayed(text)


def in_colour(out: TextIO) -> bool:
    """Windows' older consoles print the signs instead."""
    knows = os.name != "nt" or "WT_SESSION" in os.environ
    return out.isatty() and knows and "NO_COLOR" not in os.environ


def show(packed: Packed, graded: Graded, lines: list[Line], words: Words, out: TextIO) -> None:
    for text in found_lines(packed, graded.result, words):
        print(text, file=out)
    print(file=out)
    for text in table(lines, shutil.get_terminal_size().columns, in_colour(out)):
        print(text, file=out)
    print(file=out)
    if (clarity := graded.seen.clarity) is not None:
        text = words("Clear digits: {clear} of {total}.")
        print(text.format(clear=clarity.clear, total=clarity.total), file=out)
    try:
        for path in write_pictures(graded, packed.folder):
            print(words("Look at {picture}").format(picture=path), file=out)
    except OSError as error:
        text = words("The pictures cannot be written: {reason}")
        print(text.format(reason=error.strerror), file=out)
    good = sum(line.mark == SMILE for line in lines)
    text = words("{good} of {all} checks are fine.")
    print(text.format(good=good, all=len(lines)), file=out)
    text = (
        "This is not your grade. The grader asks with other numbers, looks into the checkpoints "
        "and lets a person decide what is in doubt."
    )
    print(words(text), file=out)


def as_json(packed: Packed, result: Result, lines: list[Line]) -> dict[str, Any]:
    """Everything that was shown; ``message`` is the English sentence."""
    shown = {line.check: line for line in lines}
    return {
        "schema_version": 1,
        "folder": str(packed.folder.resolve()),
        "packed": [path.as_posix() for path in packed.files],
        "checks": [
            {
                "id": check.id,
                "mark": mark_of(check),
                "status": str(check.status),
                **plain(said_json(check.said)),
                "shown": shown[check.id].sentence,
                "details": plain(check.details),
            }
            for item in result.items
            for check in item.checks
        ],
        "clarity": result.digits.to_json(),
        "flags": flags_json(result.flags),
    }


def write_json(content: dict[str, Any], file: str) -> None:
    ascii_only = file == "-"  # whatever the terminal's encoding is, a program can read it
    text = json.dumps(content, ensure_ascii=ascii_only, allow_nan=False, indent=1) + "\n"
    if file == "-":
        sys.stdout.write(text)
        return
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def wait_for_change(packed: Packed, words: Words, out: TextIO) -> Packed:
    """Returns when a file was saved, or came or went, since ``packed`` was looked for; not while
    one is still being written."""
    print(words("Waiting for a file to be saved; Ctrl-C ends this."), file=out, flush=True)
    now = packed
    while True:
        time.sleep(WATCH_SECONDS)
        last, now = now, find(packed.folder)
        if now.files and now.stamp != packed.stamp and now.stamp == last.stamp:
            return now
