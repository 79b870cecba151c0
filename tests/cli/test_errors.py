"""Every command with wrong inputs: one clear line, the right exit code, never a traceback."""

import os
import shlex
import sqlite3
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import cli, main
from grader.paths import DEFAULT_RUBRIC
from tests.batch.fake import evidence

RUBRIC = DEFAULT_RUBRIC.read_text("utf-8")
JUNK = bytes(range(256)) * 20
GRADEBOOK = "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (1),Diffusion (2)\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder full of what somebody may name by mistake."""
    folder = tmp_path_factory.mktemp("wrong")
    texts = {
        "empty.csv": "",
        "no_ids.csv": "name,points\nKim,1\n",
        "twice.csv": "id\n2023-00001\n2023-00001\n",
        "gradebook.csv": GRADEBOOK,
        "bad.ipynb": "{",
        "no_picture.png": "text",
        "broken.toml": "version = = 1",
        "late.toml": RUBRIC + "\n[late]\npercent_per_day = 200\n",
        "consent.txt": "2023-00001\n2023-99999\n",
        "file": "x",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    for name in ("junk", "junk.csv", "junk.xlsx", "junk.toml", "junk.zip", "junk.png"):
        (folder / name).write_bytes(JUNK)
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        archive.writestr("kim_71_5_2023-00001.tar.gz", "x")
    with zipfile.ZipFile(folder / "nothing.zip", "w"):
        pass
    (folder / "folder").mkdir()
    (folder / "others").mkdir()
    with sqlite3.connect(folder / "others" / "journal.sqlite") as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    (folder / "corrupt").mkdir()
    (folder / "corrupt" / "journal.sqlite").write_bytes(JUNK)
    os.mkfifo(folder / "pipe")
    graded(folder / "grades")
    graded(folder / "torn")
    with sqlite3.connect(folder / "torn" / "journal.sqlite") as db:
        db.execute("UPDATE gradebook SET row = substr(row, 1, 40)")
    db.close()
    return folder


def graded(grades: Path) -> None:
    """Grades of one student, without running anything."""
    from grader.batch.journal import Journal
    from tests.report.books import ITEMS, entry

    made = entry("2023-00001", evidence())
    with Journal(grades, create=True) as journal:
        journal.store("key", "{}", evidence())
        journal.write_gradebook(
            [(made.label, dict(made.row), "key")], {"title": "Diffusion", "items": ITEMS}
        )


@pytest.fixture
def inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(place)
    return place


WRONG = """
2 | grade nothing_here.tar.gz                         | 'nothing_here.tar.gz' does not exist. See ddpm-grader grade --help.
2 | grade                                             | Missing argument 'SUBMISSION'
2 | grade submissions.zip                             | Grade them with: ddpm-grader batch submissions.zip --out grades
2 | grade pipe                                        | pipe is no plain file.
2 | grade file --out file                             | 'file' is a file
2 | grade file --rubric folder                        | is a directory
2 | grade file --rubric gone.toml                     | does not exist
2 | grade file --rubric broken.toml                   | no valid TOML
2 | grade file --rubric junk.toml                     | no text in UTF-8
2 | grade file --rubric late.toml                     | percent_per_day must be a number from 0 to 100, not 200
2 | grade file --limit cell=5                         | 'cell' is no limit (there are cell-seconds
2 | grade file --limit cell-second=5                  | did you mean cell-seconds?
2 | grade file --limit cell-seconds=0                 | '0' is not a number above 0
2 | grade file --limit cell-seconds=nan               | is not a number above 0
2 | grade file --limit processes=0.5                  | processes must be at least 1
2 | grade file --seed -1                              | -1 is not in the range
2 | grade file --run all                              | 'all' is not one of
2 | grade file --sandbox docker                       | 'docker' is not one of
2 | grade file --sanbox none                          | No such option
2 | clarity folder                                    | is a directory
2 | clarity gone.png                                  | does not exist
2 | clarity no_picture.png                            | cannot be read as a picture
2 | clarity junk.png                                  | cannot be read as a picture
2 | clarity empty.csv                                 | The picture is empty
2 | clarity submissions.zip                           | cannot be read as a picture
2 | clarity bad.ipynb                                 | damaged
2 | clarity pipe                                      | no plain file
2 | clarity no_picture.png --labels rows              | 'rows' is not one of
2 | batch                                             | Missing argument 'PATH...'
2 | batch file                                        | Missing option '--out'
2 | batch gone --out new                              | 'gone' does not exist
2 | batch file --out file                             | 'file' is a file
1 | batch file --out file/below                       | cannot be written or read
1 | batch file --out others                           | is no journal of this grader
1 | batch file --out corrupt                          | is damaged or no journal of this grader
2 | batch nothing.zip --out new                       | holds no submission
2 | batch junk.zip --out new                          | cannot be read as a zip
2 | batch file --out new --jobs 0                     | 0 is not in the range
2 | batch file --out new --jobs many                  | 'many' is not a valid int
2 | batch file --out new --roster gone.csv            | does not exist
2 | batch file --out new --roster folder              | is a directory
2 | batch file --out new --roster empty.csv           | holds no student id like 2023-12345
2 | batch file --out new --roster no_ids.csv          | holds no student id like 2023-12345
2 | batch file --out new --roster twice.csv           | holds 2023-00001 twice
2 | batch file --out new --roster junk.csv            | cannot be read as CSV
2 | batch file --out new --roster junk.xlsx           | cannot be read as an Excel workbook
2 | batch file --out new --deadline soon              | 'soon' is no date and time like 2026-05-01T23:59
2 | batch file --out new --deadline 2026-05-01        | no date and time
2 | batch file --out new --rubric late.toml           | from 0 to 100
2 | batch file --out new --rubric gone.toml           | does not exist
2 | batch file --out new --limit none=5               | 'none' is no limit
2 | batch file --out new --scheduler nowhere          | no address like tcp://
2 | export gone --to csv                              | 'gone' does not exist
2 | export file --to csv                              | 'file' is a file
2 | export folder --to csv                            | ddpm-grader batch SUBMISSIONS --out folder makes them
1 | export others --to csv                            | is no journal of this grader
1 | export corrupt --to csv                           | is damaged
1 | export torn --to csv                              | is damaged
2 | export grades                                     | Missing option '--to'
2 | export grades --to pdf                            | 'pdf' is not one of
1 | export grades --to csv --output folder            | folder cannot be written: Is a directory
1 | export grades --to csv --output file/x.csv        | cannot be written
2 | export grades --to canvas --gradebook gone.csv    | does not exist
2 | export grades --to csv --all                        | belong to --to feedback
2 | export grades --to canvas --provisional             | belong to --to feedback
2 | export grades --to feedback --output -              | --output must be a file
2 | compare grades gone                                 | does not exist
2 | compare grades junk.csv                             | no journal of this grader
2 | compare grades grades --allow luck                  | is not one of
2 | export grades --to canvas --gradebook empty.csv   | no gradebook exported from Canvas
2 | export grades --to canvas --gradebook no_ids.csv  | no gradebook exported from Canvas
2 | export grades --to canvas --gradebook junk.csv    | cannot be read as CSV
2 | export grades --to canvas --gradebook submissions.zip | it is an Excel workbook
2 | export grades --to canvas --gradebook gradebook.csv --assignment Quizz | has no assignment 'Quizz'. There are: Quiz (1); Diffusion (2).
2 | export grades --to gallery                        | give their ids by --consent FILE
2 | export grades --to gallery --consent empty.csv    | holds no student id
2 | export grades --to gallery --consent junk.csv     | is no text
2 | export grades --to csv --names                    | belong to --to gallery
2 | export grades --to gradescope --output -          | must be a folder
2 | correct folder 2023-00001 loss 5                  | There are no grades in folder
2 | correct grades 2023-00002 loss 5                  | no student '2023-00002'. Did you mean 2023-00001?
2 | correct grades 2023-00001 los 5                   | no item 'los'
2 | correct grades 2023-00001 loss 11                 | worth 0 to 10 points
2 | correct grades 2023-00001 loss nan                | worth 0 to 10 points
2 | correct grades 2023-00001 loss five               | 'five' is not a valid float
2 | correct grades 2023-00001 loss                    | give one of POINTS, --accept and --withdraw
2 | rubric check gone.toml                            | does not exist
2 | rubric check folder                               | is a directory
2 | template check gone                               | does not exist
2 | template build --output file                      | 'file' is a file
2 | nothing                                           | No such command 'nothing'. See ddpm-grader --help.
2 | --nothing                                         | No such option
"""
CASES = [tuple(part.strip() for part in line.split("|", 2)) for line in WRONG.strip().splitlines()]


@pytest.mark.parametrize(("code", "command", "message"), CASES, ids=[case[1] for case in CASES])
def test_what_is_wrong_is_one_clear_line(
    inside: Path, code: str, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command))
    said = capsys.readouterr()
    lines = said.err.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    assert (ended.value.code, len(errors)) == (int(code), 1), said
    assert message in errors[0]
    assert lines[-1] == errors[0]
    assert "Traceback" not in said.err
    assert not (inside / "new").exists() or not (inside / "new" / "index.html").exists()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("late.toml", "percent_per_day must be a number from 0 to 100, not 200"),
        ("broken.toml", "no valid TOML"),
        ("junk.toml", "no text in UTF-8"),
        ("empty.csv", "line 1: version must be 1"),
        ("folder/../file", "no valid TOML"),
    ],
)
def test_a_rubric_that_does_not_hold_is_named_and_ends_with_1(
    inside: Path, file: str, message: str
) -> None:
    done = CliRunner().invoke(cli, ["rubric", "check", file])
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_rubric_that_is_shown_is_valid_and_says_what_it_comes_to(tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["rubric", "show"])
    assert (shown.exit_code, shown.stdout) == (0, RUBRIC)
    copy = tmp_path / "mine.toml"
    copy.write_text(shown.stdout + "\n[late]\npercent_per_day = 10\nmost_percent = 50\n", "utf-8")
    done = CliRunner().invoke(cli, ["rubric", "check", str(copy)])
    assert done.exit_code == 0
    assert done.stdout == (
        f"{copy} is a valid rubric: 10 items, 100 points; each day late costs 10 %, at most 50 %.\n"
    )


def test_who_agreed_and_is_unknown_is_named(inside: Path, tmp_path: Path) -> None:
    page = str(tmp_path / "page.html")
    command = ["export", "grades", "--to", "gallery", "--consent", "consent.txt", "--output", page]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    assert "2023-99999 agreed, but is not in the gradebook." in done.stderr


def test_a_folder_of_nothing_is_said(inside: Path, tmp_path: Path) -> None:
    command = ["batch", "folder", "--out", str(tmp_path / "grades"), "--sandbox", "none"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0
    assert "No submission was found in folder." in done.stderr


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["rubric"], ["--help"], ["batch", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        said = capsys.readouterr()
        assert (said.out + said.err).startswith("Usage: ddpm-grader")
        assert "Error" not in said.err


def test_ctrl_c_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("grader.commands.rubric.load_rubric", stopped)
    with pytest.raises(SystemExit) as ended:
        main(["rubric", "check", str(DEFAULT_RUBRIC)])
    assert ended.value.code == 130
    assert capsys.readouterr().err.strip().endswith("Stopped.")


@pytest.mark.parametrize("broken", [OSError(28, "No space left on device"), OSError("odd")])
def test_a_disk_that_fails_is_one_line(
    broken: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*arguments: object) -> None:
        raise broken

    monkeypatch.setattr("grader.commands.rubric.load_rubric", fails)
    with pytest.raises(SystemExit) as ended:
        main(["rubric", "check", str(DEFAULT_RUBRIC)])
    assert ended.value.code == 1
    assert capsys.readouterr().err.strip() == f"Error: {broken.strerror or broken}"


def test_a_journal_that_another_program_holds_is_one_line(
    inside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grader.batch.database.WAIT_SECONDS", 0)
    holder = sqlite3.connect(inside / "grades" / "journal.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(SystemExit) as ended:
            main(["correct", "grades", "2023-00001", "loss", "5"])
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "database is locked. Every result that was stored before is kept." in line


def test_seconds_that_are_shown_are_those_of_the_clock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stages go on beside one another, and their seconds add up to more."""
    (tmp_path / "2023-00001.tar.gz").write_bytes(b"x")
    began = time.monotonic()
    command = ["grade", str(tmp_path / "2023-00001.tar.gz"), "--sandbox", "none"]
    done = CliRunner().invoke(cli, command)
    passed = time.monotonic() - began
    assert done.exit_code == 0
    (line,) = [line for line in done.stdout.splitlines() if line.endswith(" s")]
    assert float(line.removesuffix(" s")) <= passed
