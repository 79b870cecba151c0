"""``ddpm-grader batch``, ``export`` and ``correct`` on the included class, as a TA uses them."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from grader.batch.journal import Journal
from grader.cli import cli, main
from grader.paths import PACKAGE
from grader.sandbox import bubblewrap
from tests.batch.cluster import cluster
from tests.fairness import mini_class

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SCHEMA = json.loads((PACKAGE / "result.schema.json").read_text("utf-8"))
MAILED, ZIP = EXAMPLES / "2023-12345.tar.gz", EXAMPLES / "submissions.zip"
CLASS = ["batch", MAILED, ZIP, "--roster", EXAMPLES / "roster.csv"]
CLASS += ["--deadline", "2026-05-01T23:59"]
COMMAND = [sys.executable, "-c", "from grader.cli import main; main()"]
SEED = ["--seed", "0"]  # classes that are compared are asked the same


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def process(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def table(grades: Path) -> dict[str, dict[str, str]]:
    """The exported CSV by student."""
    done = run("export", grades, "--to", "csv", "--output", "-")
    assert done.exit_code == 0, done.output
    return {row["folder"]: row for row in csv.DictReader(io.StringIO(done.stdout))}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The included class, graded by two processes."""
    grades = tmp_path_factory.mktemp("class") / "grades"
    done = process(*CLASS, "--out", grades, "--jobs", "2", *SEED)
    assert done.returncode == 0, done.stderr
    return grades


def contents(submission: bytes) -> dict[str, bytes]:
    """The files of a .tar.gz by name."""
    with tarfile.open(fileobj=io.BytesIO(submission)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file is not None}


def code_of(files: dict[str, bytes]) -> list[list[str]]:
    """What the notebooks say; pictures depend on the version that packs them."""
    notebooks = [json.loads(text) for name, text in files.items() if name.endswith(".ipynb")]
    return [[cell["source"] for cell in notebook["cells"]] for notebook in notebooks]


def test_the_class_is_what_its_builder_makes(tmp_path: Path) -> None:
    with zipfile.ZipFile(EXAMPLES / "submissions.zip") as archive:
        assert archive.namelist() == list(mini_class.MEMBERS)
        for member, kind in mini_class.MEMBERS.items():
            if kind != "broken":  # cut off after so many bytes
                built = contents(mini_class.submission(member, kind))
                included = contents(archive.read(member))
                assert list(included) == list(built)
                assert code_of(included) == code_of(built)
    assert (EXAMPLES / "roster.csv").read_text("utf-8") == mini_class.ROSTER


def test_everyone_gets_what_is_due(graded: Path) -> None:
    rows = table(graded)
    assert len(rows) == 14
    assert rows["2023-20009"]["status"] == "missing"
    assert rows["2023-20003"]["status"] == "rejected"
    four = ("beta_schedule", "schedule_parameters", "loss", "sampling")
    earned = {label: [float(row[item] or 0) for item in four] for label, row in rows.items()}
    for label in ("2023-12345", "2023-20005", "2023-20006", "2023-20007", "2023-20008"):
        assert earned[label] == [10, 10, 10, 10], label
    assert earned["2023-20002"][:3] == [10, 10, 10]
    assert earned["2023-20002"][3] < 10
    assert earned["2023-20004"] == [10, 10, 10, 0]
    assert rows["2023-20010"]["status"] == "needs_review"
    assert float(rows["2023-20006"]["points"]) > 99
    assert earned["2023-20011"] == [5, 10, 10, 10]
    assert earned["2023-20012"][2] == 0
    assert earned["2023-20013"][1] < 10
    settings = [float(rows["2023-20008"][f"setting_{name}"]) for name in mini_class.SETTINGS]
    assert settings == [10, 10, 10, 0]
    whole = [row for row in rows.values() if float(row["text_to_image"] or 0) == 10]
    assert len(whole) == 11
    assert [label for label, row in rows.items() if row["late"] == "yes"] == ["2023-20005"]


def test_every_student_has_a_valid_result_and_pages(graded: Path) -> None:
    for label, row in table(graded).items():
        if row["status"] == "missing":
            assert not (graded / label).exists()
            continue
        result = json.loads((graded / label / "result.json").read_text("utf-8"))
        jsonschema.validate(result, SCHEMA)
        assert result["student_id"] == label
        assert "<html" in (graded / label / "report.html").read_text("utf-8")
        assert "<html" in (graded / label / "report_ta.html").read_text("utf-8")
    assert (graded / "2023-12345" / "clarity.png").is_file()
    late = json.loads((graded / "2023-20005" / "result.json").read_text("utf-8"))
    assert late["submission"]["late"] is True


def test_what_is_kept_for_people_to_review_makes_the_journal_little_larger(
    graded: Path, tmp_path: Path
) -> None:
    """Of a class whose submissions are all there: code, what was measured, and the pictures that
    only a review shows are at most a fifth of the rest."""
    with Journal(graded) as journal:
        (key,) = [key for label, _, key in journal.gradebook() if label == MAILED.name[:10]]
        assert key is not None
        whole = journal.find(key)
    assert whole is not None
    assert whole.shown["code"]["statements"]
    assert any(verdict.measured for verdict in whole.verdicts)
    without = dataclasses.replace(
        whole,
        verdicts=[dataclasses.replace(verdict, measured={}) for verdict in whole.verdicts],
        shown={n: whole.shown[n] for n in ("asked", "pictures", "settings")},
    )
    sizes = []
    for name, evidence in (("before", without), ("now", whole)):
        with Journal(tmp_path / name, create=True) as journal:
            for number in range(20):
                journal.store(str(number), "", evidence)
        sizes.append((tmp_path / name / "journal.sqlite").stat().st_size)
    assert sizes[0] < sizes[1] <= 1.2 * sizes[0]


def test_copied_code_is_shown_as_a_pair(graded: Path) -> None:
    page = (graded / "index.html").read_text("utf-8")
    alike = page[page.index("<h2>Alike</h2>") :]
    assert "2023-20007" in alike
    assert "2023-20008" in alike
    for honest in ("2023-12345", "2023-20002", "2023-20005", "2023-20010"):
        assert honest not in alike


def without_seconds(grades: Path) -> dict[str, Any]:
    results = {
        path.parent.name: json.loads(path.read_text("utf-8"))
        for path in grades.glob("*/result.json")
    }
    for result in results.values():
        del result["seconds"]
    return results


FEW = ("2023-20002", "2023-20003", "2023-20006")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The batch of three students' files, unpacked from the zip, in time."""
    folder = tmp_path_factory.mktemp("few")
    with zipfile.ZipFile(EXAMPLES / "submissions.zip") as archive:
        for member in archive.namelist():
            if any(label in member for label in FEW):
                archive.extract(member, folder)
    return ["batch", folder]


@pytest.mark.slow  # tests/batch/test_dask.py compares them in the fast run
def test_a_cluster_says_the_same(graded: Path, few: list[object], tmp_path: Path) -> None:
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
    )
    with cluster:
        many = tmp_path / "many"
        done = process(*few, "--out", many, *SEED, "--scheduler", cluster.scheduler_address)
    assert done.returncode == 0, done.stderr
    expected = {label: result for label, result in without_seconds(graded).items() if label in FEW}
    assert len(expected) == 3
    assert without_seconds(many) == expected


def test_the_same_command_again_grades_nothing_and_asks_no_torch(graded: Path) -> None:
    code = "import sys\nfrom grader.cli import main\ntry: main()\nexcept SystemExit as e: print('torch' in sys.modules, e.code)"
    command = [sys.executable, "-c", code, *map(str, CLASS), "--out", str(graded)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "0"]
    assert "13 results are in the journal already" in done.stderr


def test_exports_to_files(graded: Path) -> None:
    for to in ("csv", "canvas", "gradescope"):
        done = run("export", graded, "--to", to)
        assert done.exit_code == 0, done.output
    assert (graded / "export" / "grades.csv").is_file()
    text = (graded / "export" / "canvas.csv").read_text("utf-8-sig")
    canvas = list(csv.reader(io.StringIO(text, newline="")))
    assert canvas[2][:3] == ["Kim Minsu", "", "2023-12345"]
    assert canvas[3][:3] == ["Lee Jiwoo", "1002", "2023-20002"]
    assert len(list((graded / "export" / "gradescope").glob("*/results.json"))) == 13


def test_a_correction_wins_until_it_is_withdrawn(graded: Path, tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    shutil.copytree(graded, grades)
    done = run(
        "correct", grades, "2023-20003", "loss", "6.5", "--comment", "sent by mail", "--who", "TA"
    )
    assert done.exit_code == 0, done.output
    assert table(grades)["2023-20003"]["points"] == "6.50"
    page = (grades / "2023-20003" / "report.html").read_text("utf-8")
    assert "sent by mail" in page
    assert run("correct", grades, "2023-20003", "loss", "--withdraw").exit_code == 0
    assert table(grades)["2023-20003"]["points"] == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["correct", "{grades}", "2023-20003", "loss", "11"], 2, "0 to 10 points"),
        (["correct", "{grades}", "2023-20003", "nothing", "1"], 2, "no item 'nothing'"),
        (["correct", "{grades}", "2023-99999", "loss", "1"], 2, "no student '2023-99999'"),
        (["export", "{empty}", "--to", "csv"], 2, "There are no grades"),
        (["export", "{grades}", "--to", "gradescope", "--output", "-"], 2, "must be a folder"),
        (
            ["export", "{grades}", "--to", "csv", "--gradebook", "{roster}"],
            2,
            "belong to --to canvas",
        ),
        (["batch", "{zip}", "--out", "{empty}", "--deadline", "soon"], 2, "no date and time"),
        (["batch", "{zip}", "--out", "{empty}", "--roster", "{zip}"], 2, "as an Excel workbook"),
        (["batch", "{zip}", "--out", "{zip}/x"], 1, "cannot be written or read"),
        (
            ["batch", "{zip}", "--out", "{empty}", "--scheduler", "tcp://127.0.0.1:1"],
            1,
            "No Dask scheduler",
        ),
        *(
            (["batch", "{zip}", "--out", "{empty}", "--scheduler", address], 2, message)
            for address, message in (
                ("tcp://nowhere", "no address like tcp://"),
                ("tcp://127.0.0.1:1x", "no address like tcp://"),
                ("127.0.0.1:99999", "no address like tcp://"),
                ("tls://127.0.0.1:8786", "needs certificates"),
            )
        ),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("grader.batch.cluster.RECONNECT_SECONDS", 0.0)
    known = {
        "grades": graded,
        "empty": tmp_path,
        "roster": EXAMPLES / "roster.csv",
        "zip": EXAMPLES / "submissions.zip",
    }
    with pytest.raises(SystemExit) as ended:
        main([argument.format(**known) for argument in arguments])
    (line,) = error_lines(capsys.readouterr().err)
    assert ended.value.code == code
    assert message in line


def error_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Error: ")]


def test_ctrl_c_or_a_request_to_end_stops_it_and_the_same_command_goes_on_to_the_same_results(
    graded: Path, tmp_path: Path
) -> None:
    """Of the whole class, as a few would be graded before the signal arrives."""
    grades = tmp_path / "grades"
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heeded}; {COMMAND[-1]}"  # which a shell's job in the background does not
    command = [sys.executable, "-c", code, *map(str, CLASS), "--out", str(grades), "--jobs", "1"]
    command += SEED
    expected = without_seconds(graded)
    for number in (signal.SIGINT, signal.SIGTERM):
        stopped_after_one(command, number)
        assert 1 <= len(list(grades.glob("*/result.json"))) < len(expected)
        deadline = time.monotonic() + 30
        while running(grades) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not running(grades)
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    assert without_seconds(grades) == expected


def stopped_after_one(command: list[str], number: signal.Signals) -> None:
    """Ctrl-C is sent to the whole group, as a terminal does, a request to end to the batch alone."""
    batch = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert batch.stderr is not None
    for line in batch.stderr:
        if line.startswith("2023-"):
            break
    if number is signal.SIGINT:
        os.killpg(batch.pid, number)
    else:
        batch.send_signal(number)
    rest = batch.stderr.read()
    batch.stderr.close()
    assert batch.wait(60) == 130
    assert "the same command goes on" in rest
    assert "Traceback" not in rest
    assert "leaked" not in rest


def running(grades: Path) -> bool:
    """Whether a process of that batch is left."""
    import psutil

    lines = (p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"]))
    return any(str(grades) in line for line in lines)


def test_grades_that_may_only_be_read_are_one_line_and_exported_all_the_same(graded: Path) -> None:
    wrap = str(bubblewrap.find().program)
    walls = [wrap, "--dev-bind", "/", "/", "--ro-bind", str(graded), str(graded), "--"]
    batch = ["batch", EXAMPLES / "submissions.zip", "--out", graded, "--sandbox", "none"]
    before = (graded / "journal.sqlite").read_bytes()
    done = subprocess.run(
        [*walls, *COMMAND, *map(str, batch)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    (line,) = error_lines(done.stderr)
    assert "cannot be written or read" in line
    assert "Traceback" not in done.stderr
    assert (graded / "journal.sqlite").read_bytes() == before
    export = [*COMMAND, "export", str(graded), "--to", "csv", "--output", "-"]
    exported = subprocess.run([*walls, *export], cwd=ROOT, capture_output=True, text=True)
    assert exported.returncode == 0, exported.stderr
    assert "2023-20003,Park Seojun,2023-20003" in exported.stdout


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_and_its_scheduler_says_the_same(
    graded: Path, few: list[object], tmp_path: Path
) -> None:
    grades = tmp_path / "grades"
    with cluster(2) as running:
        command = [*COMMAND, *map(str, few), "--out", str(grades)]
        command += ["--scheduler", running.address, *SEED]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as batch:
            assert batch.stderr is not None
            for line in batch.stderr:
                if line.startswith("2023-"):
                    break
            running.kill_worker()
            running.restart_scheduler()
            rest = batch.stderr.read()
    assert batch.returncode == 0, rest
    assert "Traceback" not in rest
    expected = without_seconds(graded)
    assert without_seconds(grades) == {label: expected[label] for label in FEW}
    with Journal(grades) as journal:
        assert journal.count() == len(FEW)


@pytest.mark.slow
def test_killed_outright_three_times_the_grades_are_the_same(
    graded: Path, few: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades, put_aside = tmp_path / "grades", tmp_path / "put aside"
    put_aside.mkdir()
    monkeypatch.setenv("TMPDIR", str(put_aside))
    command = [*COMMAND, *map(str, few), "--out", str(grades), "--jobs", "2", *SEED]
    for seconds in (2.0, 6.0, 11.0):
        batch = subprocess.Popen(
            command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            batch.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    expected = without_seconds(graded)
    assert without_seconds(grades) == {label: expected[label] for label in FEW}
    assert not running(grades)
    assert list(put_aside.iterdir()) == []
