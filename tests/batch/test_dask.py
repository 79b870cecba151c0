"""A batch on Dask workers that are killed, below a scheduler that is started anew."""

import gc
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.batch import run as module
from grader.batch.cluster import Dask
from grader.batch.executors import Backend, Local
from grader.batch.run import Watch
from grader.errors import GraderError
from tests.batch.cluster import cluster, kill
from tests.batch.fake import batch, slow_grade, stored

# Dask leaves the sockets of killed workers to the garbage collector, whenever that comes.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _sockets_of_killed_workers() -> Iterator[None]:
    """They would warn in some later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "grade_job", slow_grade)


def hand_in(folder: Path, *contents: bytes) -> Path:
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / f"2023-{number:05}.tar.gz").write_bytes(content)
    return folder


def results(grades: Path, handed_in: Path, backend: Backend, watch: Watch) -> dict[str, str]:
    """What is in the journal after a batch on ``backend``."""
    by_value = isinstance(backend, Dask)
    with batch(grades, handed_in, by_value=by_value) as started:
        started.run(backend, watch)
        return stored(started.journal)


def test_every_result_once_though_a_worker_dies_and_the_scheduler_starts_anew(
    tmp_path: Path,
) -> None:
    handed_in = hand_in(tmp_path / "in", *(b"%.2f" % (n / 40) for n in range(40)))
    ended: Counter[str] = Counter()
    with cluster(2, "--no-nanny") as running:

        def meddle(label: str, answer: object, name: str) -> None:
            ended[label] += 1
            if ended.total() == 5:
                running.kill_worker()
            if ended.total() == 15:
                running.restart_scheduler()

        found = results(tmp_path / "dask", handed_in, Dask(running.address), Watch(ended=meddle))
    assert len(found) == 40
    assert set(ended.values()) == {1}
    assert found == results(tmp_path / "local", handed_in, Local(2, tmp_path), Watch())


def test_a_scheduler_that_is_gone_is_one_line_and_the_same_batch_goes_on_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.batch.cluster.RECONNECT_SECONDS", 1.0)
    handed_in = hand_in(tmp_path / "in", *(b"%.1f" % (n / 10) for n in range(10)))
    ended: Counter[str] = Counter()
    with cluster(1, "--no-nanny") as running:

        def meddle(label: str, answer: object, name: str) -> None:
            ended[label] += 1
            if ended.total() == 3:
                kill(running.scheduler)

        with pytest.raises(GraderError, match=r"No Dask scheduler answers.*same command goes on"):
            results(tmp_path / "grades", handed_in, Dask(running.address), Watch(ended=meddle))
    assert 3 <= ended.total() < 10
    count = Watch(ended=lambda label, answer, name: ended.update([label]))
    assert len(results(tmp_path / "grades", handed_in, Local(1, tmp_path), count)) == 10
    assert set(ended.values()) == {1}


def test_one_job_or_two_here_or_on_dask_the_results_are_the_same(tmp_path: Path) -> None:
    handed_in = hand_in(tmp_path / "in", b"1", b"0.3", b"dies", b"infra", b"0.7", b"0")
    local = [
        results(tmp_path / str(jobs), handed_in, Local(jobs, tmp_path), Watch()) for jobs in (1, 2)
    ]
    with cluster(2) as running:  # with nannies, which replace what died
        dask = results(tmp_path / "dask", handed_in, Dask(running.address), Watch())
    assert local[0] == local[1] == dask
    ended_its_worker = [file for file, text in dask.items() if str(module.WORKER_ENDED) in text]
    assert ended_its_worker == ["2023-00002.tar.gz"]
