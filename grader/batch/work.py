"""What a worker does: one submission, from its bytes to its evidence. Runs in any process."""

import atexit
import base64
import contextlib
import hashlib
import io
import logging
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from grader.batch.canvas import readings
from grader.batch.code import kept_code
from grader.batch.evidence import Evidence
from grader.batch.places import Place
from grader.checks.items import known_items
from grader.checks.verdict import Verdict
from grader.errors import GraderError, SandboxUnavailable
from grader.intake.identify import student_id_in
from grader.intake.paths import printable
from grader.messages.message import Said, said_json, say, together
from grader.results import Graded, Result, environment, result_status
from grader.rubric import Rubric
from grader.sandbox import Ahead, Limits, Sandbox, choose_sandbox
from grader.sandbox.text import clean_said, one_line
from grader.scratch import scratch
from grader.states import Flag, State

if TYPE_CHECKING:
    from grader.batch.prints import Prints
    from grader.text_to_image.works import Works

logger = logging.getLogger(__name__)

_ENDING = re.compile(r"\.(?:zip|7z|rar|ipynb)$", re.IGNORECASE)
MOST_WORKS = 8  # prompts, and pictures, that are kept of one student
SandboxName = Literal["auto", "bubblewrap", "none"]


@dataclass(frozen=True)
class Task:
    """How to grade; the same for all submissions of a batch."""

    rubric: Rubric
    sandbox: SandboxName = "auto"
    run: Literal["definitions", "everything"] = "definitions"
    seed: int = 0
    resample: bool = False


@dataclass(frozen=True, eq=False)
class Job:
    """One submission to grade. ``content`` travels to workers that cannot see ``place``, whose
    ``stamp`` tells whether it changed since; ``owner`` is its sender, ``stages`` the folder for
    what a worker of this machine is at."""

    label: str
    file: str
    place: Place
    task: Task
    content: bytes | None = None
    stamp: str = ""
    owner: str = ""
    stages: Path | None = None

    def sha256(self) -> str:
        """Of the submission's bytes, which are read for it. Raises ``OSError``."""
        if self.content is not None:
            return hashlib.sha256(self.content).hexdigest()
        return self.place.sha256()

    def tell(self, stage: str) -> None:
        """Lets the one who waits for the answer know what is being done."""
        if self.stages is not None:
            with contextlib.suppress(OSError):  # nothing depends on it
                stage_file(self.stages, self.label).write_text(stage, "utf-8")


def stage_file(folder: Path, label: str) -> Path:
    """Where it stands at which stage the grading of that submission is."""
    return folder / hashlib.sha256(label.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Unreadable:
    """The submission was not there when its turn came, or changed; nothing is stored of it."""

    reason: Said


def unread(place: Place, error: OSError) -> Said:
    """Why it could not be read."""
    return say("note.unread", name=str(place), reason=str(error.strerror or error))


def grade_job(job: Job) -> Evidence | Unreadable:
    """Grades it. Raises ``SandboxUnavailable``; every other fault is in the evidence."""
    task = job.task
    job.tell("starting the sandbox")
    sandbox = ready_sandbox(task.sandbox, task.rubric.limits, task.seed)
    from grader.batch.prints import Prints
    from grader.pipeline import Options, grade

    two_cores = int(os.environ.get("OMP_NUM_THREADS", "1")) > 1  # as the executor shares them out
    options = Options(
        *(task.rubric, sandbox, task.run, task.seed, task.resample),
        side_by_side=two_cores,
        compared=True,
    )
    prints = Prints()
    try:
        with tempfile.TemporaryDirectory(prefix="handed-in-", dir=scratch()) as folder:
            try:
                path = fetch(job, Path(folder))
            except OSError as error:
                return Unreadable(unread(job.place, error))
            graded = grade(path, options, job.tell, prints.look)
        return evidence_of(graded, job.file, prints)
    except SandboxUnavailable:
        raise
    except GraderError as error:  # its text says it all
        return fault(job, error.said)
    except Exception as error:
        logger.exception("grading failed")
        return fault(job, say("handed_in.failed_with", error=type(error).__name__))


def evidence_of(graded: Graded, file: str, prints: "Prints") -> Evidence:
    overlay, seen = io.BytesIO(), graded.seen
    if seen.clarity is not None:
        from grader.digits.overlay import draw_overlay

        draw_overlay(seen.clarity).save(overlay, "PNG", optimize=True)
    result = replace(graded.result, file=printable(file))
    shown = {
        **works_json(seen.works),
        "settings": settings_json(seen.setting_tiles),
        "views": views_json(seen.setting_views),
        "code": kept_code(seen.ran),
    }
    return Evidence(result, graded.verdicts, overlay.getvalue(), prints.found, shown)


def works_json(works: "Works | None") -> dict[str, Any]:
    """The own prompts of notebook 2-2, and the pictures that a class may be shown as WebP."""
    if works is None:
        return {"asked": [], "pictures": [], "refused": []}
    from grader.text_to_image.sheet import shown
    from grader.text_to_image.shots import Look

    asked = []
    for own in works.own[:MOST_WORKS]:
        values = {name: shown(getattr(own, name)) for name in ("guidance", "steps", "seed")}
        prompt = one_line(own.prompt) if isinstance(own.prompt, str) else None
        asked.append({"prompt": prompt, "values": values})
    fine = [shot.pixels for shot in works.shots if shot.look is Look.FINE][:MOST_WORKS]
    others = [shot for shot in works.shots if shot.look is not Look.FINE][:MOST_WORKS]
    refused = []
    for other in others:
        said = clean_said(say("look.of", look=other.look.said, where=other.where))
        refused.append({**said_json(said), "picture": webp(other.pixels[::2, ::2], 50)})
    return {"asked": asked, "pictures": [webp(pixels) for pixels in fine], "refused": refused}


def settings_json(tiles: Mapping[str, Any]) -> dict[str, str]:
    """For each setting its 40 digits, four rows of ten, as WebP."""
    return {
        name: webp(
            (255 * found).astype("uint8").reshape(4, 10, 28, 28).swapaxes(1, 2).reshape(112, 280)
        )
        for name, found in sorted(tiles.items())
    }


def views_json(views: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What the files of each setting show, as small WebP."""
    return {
        name: {what: webp(pixels, 40) for what, pixels in found.items()}
        for name, found in sorted(views.items())
        if found
    }


def webp(pixels: Any, quality: int = 80) -> str:
    """(H, W) or (H, W, 3) bytes as a small picture in base64."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=quality)
    return base64.b64encode(file.getvalue()).decode("ascii")


TYPED_IN = {
    "text": ("handed_in.text", "handed_in.text_in"),
    "link": ("handed_in.link", "handed_in.link_in"),
}
"""What a TA is told of it, and of where it stands."""


def typed_in(job: Job, kind: str) -> Evidence:
    """The evidence of a submission in which there is no file to grade."""
    name = PurePath(job.place.member or job.place.path.name).name
    verdict, stands_in = TYPED_IN[kind]
    where: Said = say(stands_in, file=printable(name))
    found = readings(name)
    if len(found) == 1:
        file = replace(found[0], kind="file", attachment=1, file="work.tar.gz", late=False).build()
        where = together(where, say("handed_in.give_archive", archive=printable(file)))
    flag = Flag(f"{kind}_in_place_of_a_file", where)
    return ungraded(job, State.NEEDS_REVIEW, say(verdict), [flag])


def fault(job: Job, reason: Said) -> Evidence | Unreadable:
    """The evidence of a submission that could not be graded by no fault of the student's."""
    try:
        return ungraded(job, State.INFRA_ERROR, say("handed_in.not_judged", reason=reason), [])
    except OSError as error:
        return Unreadable(unread(job.place, error))


def ungraded(job: Job, state: State, said: Said, flags: Sequence[Flag]) -> Evidence:
    """The same verdict on everything. Raises ``OSError`` if the bytes cannot be read."""
    rubric = job.task.rubric
    checks = [check for item in known_items().values() for check in item.each()]
    verdicts = [Verdict(check, state, 0.0, said) for check in checks]
    items = rubric.score(verdicts)
    result = Result(
        student_id=student_id_in(job.file),
        file=printable(job.file),
        sha256=job.sha256(),
        status=result_status(items),
        max_points=rubric.max_points,
        items=items,
        flags=flags,
        environment=environment(rubric.sha256, job.task.seed),
    )
    return Evidence(result, verdicts)


def fetch(job: Job, folder: Path) -> Path:
    """The submission as a file: where it lies, or put into ``folder``. Raises ``OSError``.

    Of its name only the student id and the ending are kept there: a zip's names may be longer than
    a file's.
    """
    target = folder / f"{student_id_in(job.file) or 'submission'}{ending(job)}"
    if job.content is not None:
        target.write_bytes(job.content)
    elif job.place.is_file:
        job.place.path.open("rb").close()
        return job.place.path
    else:
        most = job.task.rubric.archive_limits.unpacked_bytes
        with target.open("wb") as file:
            for chunk in job.place.chunks():
                if file.write(chunk) and file.tell() > most:
                    raise OSError(f"it is larger than {most} bytes")
    return target


def ending(job: Job) -> str:
    if job.place.loose:
        return ".tar"
    found = _ENDING.search(job.file)
    return found[0].lower() if found else ".tar.gz"


@cache
def ready_sandbox(name: SandboxName, limits: Limits, seed: int) -> Sandbox:
    """This process's sandbox, with a kernel kept ahead where kernels are forked."""
    ahead = Ahead(choose_sandbox(name), limits, seed)
    ahead.__enter__()
    atexit.register(ahead.__exit__, None, None, None)
    return ahead
