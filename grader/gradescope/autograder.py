"""``python -m grader.gradescope.autograder ROOT``: grades what is in ROOT/submission.

Always writes ROOT/results/results.json. If the grader cannot do its work, the file says so. Student
code never runs outside the sandbox.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

from grader.batch.gradebook import Entry, graded_items
from grader.batch.row import row_of
from grader.digits.overlay import draw_overlay
from grader.errors import GraderError, SandboxUnavailable
from grader.gradescope.results import gradescope_json
from grader.paths import DEFAULT_RUBRIC
from grader.pipeline import Options, grade
from grader.results import Graded, Result
from grader.rubric import load_rubric
from grader.sandbox import choose_sandbox

RESULTS = Path("results") / "results.json"
NO_WALLS = (
    "This container does not let the grader shut the submission in, so nothing of it was run. "
    "Grade it on a machine where `ddpm-grader grade` works."
)


def main(root: Path) -> None:
    try:
        content = content_of(submission_in(root / "submission"))
    except SandboxUnavailable as error:
        print(error)  # for instructors: only they see what is printed
        content = not_graded(NO_WALLS)
    except GraderError as error:
        content = not_graded(str(error))
    (root / RESULTS).parent.mkdir(exist_ok=True)
    (root / RESULTS).write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), "utf-8")


def submission_in(folder: Path) -> Path:
    """The one archive in it, or the folder itself where loose files were uploaded."""
    archives = sorted(folder.glob("*.tar.gz"))
    return archives[0] if len(archives) == 1 else folder


def content_of(path: Path) -> dict[str, Any]:
    """Raises ``GraderError`` if there is no sandbox, and for other faults of ours."""
    rubric = load_rubric(DEFAULT_RUBRIC)
    graded = grade(path, Options(rubric, choose_sandbox("auto")))
    result = graded.result
    visible = {item.id: item.visibility == "visible" for item in rubric.items}
    content = gradescope_json(entry_of(result), visible, overlay_of(graded))
    if content is None and result.status == "rejected":
        reason = result.flags[0].message
        text = f"Nothing in the submission can be read, so nothing was graded. {reason}"
        return without_score("rejected", f"{text} Submit it again, or ask a TA.")
    if content is None:
        faults = [c.message for i in result.items for c in i.checks if c.status == "infra_error"]
        return not_graded(faults[0])
    return content


def entry_of(result: Result) -> Entry:
    """As a batch of one would have it."""
    row = row_of({"student_id": result.student_id, "result": result, "state": "graded"})
    label = result.student_id or result.file
    return Entry(label, row, graded_items(label, result, {}), None)


def overlay_of(graded: Graded) -> bytes:
    if graded.seen.clarity is None:
        return b""
    buffer = io.BytesIO()
    draw_overlay(graded.seen.clarity).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def not_graded(reason: str) -> dict[str, Any]:
    """Says that nothing was judged: an item's zero would read as nothing earned."""
    text = f"infra_error: nothing was graded, by no fault of yours; it costs no points. {reason}"
    return without_score("infra_error", text)


def without_score(name: str, text: str) -> dict[str, Any]:
    return {
        "output": text,
        "output_format": "text",
        "visibility": "visible",
        "tests": [{"name": name, "score": 0, "max_score": 0, "status": "failed"}],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
