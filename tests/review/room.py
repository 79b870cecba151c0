"""Classes in doubt that no kernel made, and a server that reviews them."""

import base64
import http.client
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from grader.batch import run as run_module
from grader.batch.evidence import Evidence
from grader.batch.gradebook import Entry, read_gradebook
from grader.batch.journal import Journal
from grader.batch.run import Watch
from grader.batch.work import Job
from grader.checks.items import known_items
from grader.checks.verdict import Verdict
from grader.digits.readings import TileReading
from grader.intake.paths import printable
from grader.messages.message import Message, Said, said_json, say, sentence
from grader.results import ClearDigits, Flag, Result, State, environment, result_status
from grader.review.groups import Group, doubts_of, grouped
from tests.batch.fake import RUBRIC, Threads, batch, evidence

CODE = """class DDPM(nn.Module):
    def forward(self, x, c):
        loss = F.l1_loss(x, c)
        return loss

    def sample(self, n_sample, size, device):
        return x, store
"""
L1_LOSS, DDIM_SAMPLER = say("loss.l1"), say("sampling.ddim")
L1, DDIM = sentence(L1_LOSS), sentence(DDIM_SAMPLER)
CLIP = (
    "The cosine schedule needs a look: its betas are clipped to be not above {}, "
    "where 0.999 is the only bound."
)


def clipped(high: float) -> Message:
    """What ``CLIP`` says."""
    reason = say("beta_schedule.clipped", bounds=say("beta_schedule.not_above", high=high))
    return say("beta_schedule.doubtful", schedule="cosine", reason=reason)


MEASURED: Mapping[str, Said] = {
    "loss": "1.253, 1.235, 1.242, 1.228",
    "this is": say(
        "measured.distance", distance=say("measured.absolute"), target=say("measured.noise")
    ),
}


REFUSED = say("look.of", look=say("look.small"), where=say("picture.cell", number=9))


@dataclass(frozen=True)
class Student:
    """What is made up of one: the messages of the checks in doubt, and how they are told."""

    id: str
    doubts: Mapping[str, Said]
    fraction: float = 1.0
    code: str = CODE
    flags: Sequence[Flag] = ()
    shown: Mapping[str, Any] | None = None
    prints: Mapping[str, Any] | None = None
    state: State = State.NEEDS_REVIEW
    file: str = ""  # as it was handed in; the id's archive by default


def made(student: Student, file: str, sha256: str) -> Evidence:
    """The evidence of a student whose other checks all passed."""
    checks = [check for item in known_items().values() for check in item.each()]
    verdicts = [
        Verdict(c, student.state, student.fraction, student.doubts[c], {"loss": 0.25}, MEASURED)
        if c in student.doubts
        else Verdict(c, State.PASSED, 1.0, "All is right.")
        for c in checks
    ]
    base = evidence(file, sha256)
    items = RUBRIC.score(verdicts)
    result = Result(
        student_id=student.id,
        file=printable(file),  # as the batch keeps it
        sha256=sha256,
        status=result_status(items),
        max_points=RUBRIC.max_points,
        items=items,
        flags=student.flags,
        environment=environment(RUBRIC.sha256, 0),
        digits=clear_digits(),
    )
    shown = {
        "asked": [
            {
                "prompt": "a lighthouse in a storm",
                "values": {"guidance": "8", "steps": "40", "seed": "1"},
            }
        ],
        "pictures": [picture()],
        "refused": [{**said_json(REFUSED), "picture": picture()}],
        "settings": {"epsilon_linear": picture()},
        "views": {
            "epsilon_linear": {
                n: picture(c)
                for n, c in (
                    ("first frame", "#777"),
                    ("middle frame", "#555"),
                    ("last frame", "#111"),
                )
            }
        },
        "code": {
            "statements": [[7, 1, student.code]],
            "of": {"loss": [0], "sampling": [0], "beta_schedule": [], "schedule_parameters": []},
            "looked_at": {"loss": [[0, 1, 4]], "sampling": [[0, 5, 7]]},
            "whole": True,
        },
        **(student.shown or {}),
    }
    return replace(
        base,
        result=result,
        verdicts=verdicts,
        overlay=overlay(),
        prints=dict(student.prints or {}),
        shown=shown,
    )


def clear_digits() -> ClearDigits:
    """All but the first four of a hundred."""
    tiles = [TileReading(n // 10, n % 10, n % 10, n % 10, 0.9, n >= 4) for n in range(100)]
    return ClearDigits("notebook", tiles)


def picture(colour: str = "#3a6ea5") -> str:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "WEBP")
    return base64.b64encode(file.getvalue()).decode()


def overlay() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (746, 1060), "#eee").save(file, "PNG")
    return file.getvalue()


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    return grouped(map(doubts_of, entries))


def grade(grades: Path, handed_in: Path, students: Sequence[Student], **request: Any) -> None:
    """A batch of these: each hands in a file, whose bytes change with ``request["salt"]``."""
    handed_in.mkdir(exist_ok=True)
    known = {student.file or f"{student.id}.tar.gz": student for student in students}
    salt = request.pop("salt", "")
    for file, student in known.items():
        (handed_in / file).write_text(f"{student.id} {salt}")

    def look_up(job: Job) -> Evidence:
        return made(known[job.file], job.file, job.sha256())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "grade_job", look_up)
        with batch(grades, handed_in, **request) as started:
            started.run(Threads(), Watch())


def some_class(count: int = 6) -> list[Student]:
    """In turns a doubt of the loss, of the sampler, of a schedule, and none."""

    def doubts(n: int) -> dict[str, Said]:
        return [
            {"loss.epsilon": L1_LOSS, "loss.sample": L1_LOSS},
            {"sampling.epsilon": DDIM_SAMPLER},
            {"beta_schedule.cosine": clipped(0.9 + n / 1000)},
            {},
        ][n % 4]

    return [Student(f"2023-{10000 + n}", doubts(n)) for n in range(count)]


def entries(grades: Path) -> dict[str, Entry]:
    with Journal(grades) as journal:
        return {entry.label: entry for entry in read_gradebook(journal).entries}


@dataclass
class Served:
    """A server under way; ``link`` is as it was printed, ``said`` all that was."""

    link: str
    port: int
    said: str
    process: "subprocess.Popen[str]"
    cookie: str = ""
    form: str = ""

    def ask(
        self, path: str, method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        """One request with the headers that are named, and no others."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        headers.setdefault("Host", f"127.0.0.1:{self.port}")
        if body:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            headers["Content-Length"] = str(len(body.encode()))
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body.encode() if body else None)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, text, {n.lower(): v for n, v in answer.getheaders()}

    def enter(self) -> None:
        """Uses the link up, as a browser does."""
        path = self.link.removeprefix(f"http://127.0.0.1:{self.port}")
        _, _, headers = self.ask(path)
        self.cookie = headers["set-cookie"].partition(";")[0]
        _, page, _ = self.ask("/", Cookie=self.cookie)
        found = re.search(r"\"X-Form\": \"([^\"]+)\"|&#34;X-Form&#34;: &#34;([^&]+)&#34;", page)
        assert found is not None
        self.form = found[1] or found[2]

    def look(self, path: str) -> str:
        status, page, _ = self.ask(path, Cookie=self.cookie)
        assert status == 200, (path, status, page[:300])
        return page

    def post(self, path: str, body: str) -> tuple[int, str]:
        origin = f"http://127.0.0.1:{self.port}"
        headers = {"Cookie": self.cookie, "Origin": origin, "X_Form": self.form}
        status, page, _ = self.ask(path, "POST", body, **headers)
        return status, page


@contextmanager
def served(
    grades: Path, *options: str, port: int = 18017, walls: Sequence[str] = ()
) -> Iterator[Served]:
    """``ddpm-grader review`` in a process of its own, behind ``walls``."""
    command = [*walls, sys.executable, "-m", "grader", "review", str(grades), "--no-browser"]
    process = subprocess.Popen(
        [*command, "--port", str(port), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # to be ended with its walls
    )
    said, found = "", None
    try:
        assert process.stdout is not None
        while found is None:
            line = process.stdout.readline()
            said += line
            assert line or process.poll() is None, said
            found = re.search(r"http://127\.0\.0\.1:(\d+)/enter\?token=\S+", said)
        yield Served(found[0], int(found[1]), said, process)
    finally:
        with suppress(ProcessLookupError):  # some tests end it themselves
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
