"""What the journal keeps, and how it ends when it cannot."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.decisions import Decision, Decisions
from grader.batch.evidence import grader_sha256
from grader.batch.journal import Journal
from grader.batch.places import Place
from grader.batch.row import row_of
from grader.errors import JournalError, UsageError
from grader.results import State
from tests.batch.fake import evidence


def correction(points: float | None, comment: str = "") -> Decision:
    return Decision("2023-12345", "loss", points, comment, "ta", "2026-01-01T00:00:00+09:00")


def test_evidence_comes_back_as_it_was(tmp_path: Path) -> None:
    stored = evidence(prints={"lines": ["x = 1"]}, overlay=b"png")
    with Journal(tmp_path, create=True) as journal:
        journal.store("key", "{}", stored)
    with Journal(tmp_path) as journal:
        found = journal.find("key")
        assert found is not None
        assert found.result.to_json() == stored.result.to_json()
        assert replace(found, result=stored.result) == stored
        assert journal.find("other") is None
        assert journal.count() == 1


def test_every_transaction_is_synced(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal:
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_hashes_are_taken_again_only_when_the_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"one")
    taken: list[Place] = []
    original = Place.sha256
    monkeypatch.setattr(Place, "sha256", lambda place: (taken.append(place), original(place))[1])
    with Journal(tmp_path / "grades", create=True) as journal:
        first = journal.sha256(Place(file))
        assert journal.sha256(Place(file)) == first
        assert len(taken) == 1
        file.write_bytes(b"two")
        os.utime(file, (1, 1))
        assert journal.sha256(Place(file)) != first


def test_a_change_of_what_judges_or_prints_is_another_grader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[str] = []
    original = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: (taken.append(path.name), original(path))[1]
    )
    grader_sha256.__wrapped__()
    assert {"prints.py", "pipeline.py", "schedules.py"} <= set(taken)
    assert not {"journal.py", "pages.py", "cli.py", "lateness.py"} & set(taken)


def test_a_rerun_keeps_the_old_result_until_the_new_one_is_there(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal:
        journal.store("good", "{}", evidence())
        journal.store("bad", "{}", evidence(file="2023-00001.tar.gz", state=State.INFRA_ERROR))
        assert journal.rerun("failed") == 1
        assert journal.find("bad") is None
        assert journal.find("bad", stale=True) is not None
        assert journal.rerun("2023-12345") == 1
        assert journal.rerun("2023-99999") == 0
        journal.store("good", "{}", evidence())
        assert journal.find("good") is not None
        assert journal.rerun("all") == 2


def test_the_last_correction_counts_and_may_be_withdrawn(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal:
        journal.decide([correction(3.0)])
        journal.decide([correction(4.5, "right after all")])
        (found,) = Decisions(journal.decisions()).every()
        assert (found.points, found.comment) == (4.5, "right after all")
        journal.decide([correction(None)])
        assert [w.points for w in Decisions(journal.decisions()).every()] == [None]
        assert journal._db.execute("SELECT count(*) FROM decisions").fetchone() == (3,)


def test_a_second_batch_is_kept_out_and_let_in_afterwards(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as first:
        first.lock()
        with (
            Journal(tmp_path, create=True) as second,
            pytest.raises(JournalError, match="Another batch is at work"),
        ):
            second.lock()
    with Journal(tmp_path) as third:
        third.lock()


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal:
        journal.store("first", "{}", evidence())
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count={pages + 4}")
        with pytest.raises(JournalError, match=r"disk is full.*is kept"):
            journal.store("second", "{}", evidence(overlay=bytes(10**6)))
        assert journal.find("first") is not None
        assert journal.find("second") is None


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be written or read"):
        Journal(tmp_path / "file" / "grades", create=True)
    with pytest.raises(UsageError, match="There are no grades"):
        Journal(tmp_path / "nowhere")


def test_a_damaged_or_newer_journal_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="not a database"):
        Journal(tmp_path)
    file.unlink()
    with sqlite3.connect(file) as newer:
        newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(JournalError, match="another version"):
        Journal(tmp_path)


def test_what_is_stopped_before_its_commit_leaves_no_transaction_open(tmp_path: Path) -> None:
    class Stopped(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == "COMMIT":
                raise KeyboardInterrupt
            return super().execute(sql, *values)  # type: ignore[arg-type]

    with Journal(tmp_path, create=True) as journal:
        plain, journal._db = (
            journal._db,
            sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None, factory=Stopped),
        )
        with pytest.raises(KeyboardInterrupt):
            journal.store("key", "{}", evidence())
        assert not journal._db.in_transaction
        journal._db.close()
        journal._db = plain
        assert journal.count() == 0


def test_the_gradebook_is_read_again_only_if_somebody_wrote_it(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal, Journal(tmp_path) as other:
        journal.write_gradebook([("a", row_of({"n": 1}), None)], {})
        known = journal.rows()
        journal.note({"title": "new"})
        assert journal.rows(known) is known
        other.write_row("a", "a", row_of({"n": 2}), None)
        again = journal.rows(known)
        assert again is not known
        assert list(again.found) == [("a", row_of({"n": 2}), None)]
