"""A whole run of the batch with a stand-in for grading."""

from pathlib import Path

import pytest

from grader.batch import run as run_module
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.run import Watch
from grader.batch.work import Job
from tests.batch.fake import Grade, Threads, batch, fake_grade


@pytest.fixture
def grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grade:
    """Runs a batch over ``tmp_path/"in"`` and returns the gradebook; counts in ``graded``."""
    (tmp_path / "in").mkdir()

    def run(**request: object) -> Gradebook:
        graded: list[str] = []
        run.graded = graded  # type: ignore[attr-defined]

        def count(job: Job) -> object:
            graded.append(job.file)
            return fake_grade(job)

        monkeypatch.setattr(run_module, "grade_job", count)
        with batch(tmp_path / "grades", tmp_path / "in", **request) as started:
            started.run(Threads(), Watch())
            return read_gradebook(started.journal)

    return run
