"""The review workbench on a large class: how long its pages and decisions take."""

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.table import Table

from benchmarks.batch import EXAMPLE
from benchmarks.show import Samples, spread
from grader.batch.evidence import Evidence, key_of
from grader.batch.gather import plain_file
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.run import Batch, Request, Watch
from grader.batch.work import Job, Task, grade_job
from grader.paths import DEFAULT_RUBRIC
from grader.report.pages import write_pages
from grader.results import State
from grader.rubric import load_rubric

CLASS, GROUP = 1000, 50
DOUBTS = [f"Doubt {chr(65 + n)} needs a look." for n in range(12)]


def review(rounds: int) -> Table:
    """A thousand submissions with pictures, six hundred of them in doubt, in groups of fifty."""
    samples = Samples()
    with tempfile.TemporaryDirectory() as name:
        folder, grades = Path(name) / "in", Path(name) / "grades"
        folder.mkdir()
        store(folder, grades)
        with started(grades) as (ask, seconds):
            samples.add("the server's start, until the link is printed", seconds)
            page = ask("/")[1]
            links = re.findall(r'href="(/group/[^"]+)"', page)
            for link in links[: rounds + 1]:
                samples.add("the first page", timed(ask, "/"))
                samples.add("a group's page", timed(ask, link.replace("&amp;", "&")))
                page = ask(link.replace("&amp;", "&"))[1]
                form = fields(page)
                one = {**form, "member": form["member"][:1], "answer": ["half"]}
                samples.add("a decision", timed(ask, "/decide", one))
                form = fields(ask(link.replace("&amp;", "&"))[1])
                label = f"a decision for {len(form['member'])} students"
                samples.add(label, timed(ask, "/decide", {**form, "answer": ["accept"]}))
                samples.add("undoing it", timed(ask, "/undo", {"act": [""]}))
                time.sleep(2)  # the pages are written meanwhile
        for number in range(rounds):
            command = ["correct", str(grades), f"2023-{number:05}", "loss", "5"]
            began = time.perf_counter()
            run = [sys.executable, "-m", "grader", *command]
            subprocess.run(run, check=True, capture_output=True)
            samples.add("ddpm-grader correct, in the shell", time.perf_counter() - began)
        size = (grades / "journal.sqlite").stat().st_size / 2**20
    table = Table("", "seconds", title=f"{CLASS} submissions, a journal of {size:.0f} MiB")
    for what, values in samples.items():
        table.add_row(what, spread(values, 3))
    return table


def store(folder: Path, grades: Path) -> None:
    """As if all had handed in the example's pictures; the first twelve fifties are in doubt."""
    task, example = Task(load_rubric(DEFAULT_RUBRIC)), plain_file(EXAMPLE)
    graded = grade_job(Job("", example.file, example.place, task))
    assert isinstance(graded, Evidence)
    with Journal(grades, create=True) as journal:
        batch = Batch(Request([folder], task), journal)
        for number in range(CLASS):
            path = folder / f"2023-{number:05}.tar.gz"
            path.write_text(str(number))
            group = number // GROUP
            verdicts = [
                replace(v, state=State.NEEDS_REVIEW, said=DOUBTS[group])
                if group < len(DOUBTS) and v.check.startswith("loss.")
                else v
                for v in graded.verdicts
            ]
            digest = journal.sha256(plain_file(path).place)
            key = key_of(digest, path.name, batch.given)
            result = replace(graded.result, student_id=path.name[:10], sha256=digest)
            journal.store(
                key, batch.given, replace(graded, result=result, verdicts=verdicts, prints={})
            )
        batch.run(Nobody(), Watch())
        write_pages(journal, read_gradebook(journal))


class Nobody:
    """A backend that is never asked."""

    lost: tuple[type[BaseException], ...] = ()
    hopeless: tuple[type[BaseException], ...] = ()
    width = 1

    def start(self) -> Any:
        raise AssertionError("something was to be graded")

    def stop(self, *, now: bool) -> None:
        raise AssertionError("nothing was started")


@contextmanager
def started(grades: Path) -> Iterator[tuple[Any, float]]:
    """A server, as a browser asks it, and the seconds that it took to start."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "grader", "review", str(grades), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = None
    while found is None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/enter\S+)", process.stdout.readline())
    seconds, port = time.perf_counter() - began, int(found[1])
    headers = {"Origin": f"http://127.0.0.1:{port}"}

    def ask(path: str, form: dict[str, list[str]] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        body = urlencode(form, doseq=True) if form else None
        connection.request("POST" if form else "GET", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if cookie := answer.getheader("set-cookie"):
            headers["Cookie"] = cookie.partition(";")[0]
        assert answer.status in (200, 303), text[:300]
        return answer.status, text

    try:
        ask(found[2])
        heads = re.search(r"hx-headers='([^']+)'", ask("/")[1])
        assert heads is not None
        headers |= json.loads(heads[1].replace("&#34;", '"'))
        yield ask, seconds
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def timed(ask: Any, path: str, form: dict[str, list[str]] | None = None) -> float:
    began = time.perf_counter()
    ask(path, form)
    return time.perf_counter() - began


def fields(page: str) -> dict[str, list[str]]:
    """Of the form that decides, as a browser sends them."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page[page.index('<form id="decide"') :]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1])
    return found
