"""Whose attempts they are, and which counts."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from grader.batch.choose import Handed, choose
from grader.batch.gather import Attempt, Place


def attempt(file: str, student_id: str | None = "2023-00001", **known: object) -> Attempt:
    return Attempt(Place(Path(file)), file, student_id, **known)  # type: ignore[arg-type]


def only(*attempts: Attempt) -> Handed:
    (entry,) = choose(attempts)
    return entry


def test_canvas_numbers_of_files_tell_the_last_attempt() -> None:
    entry = only(
        attempt("final.tar.gz", None, user="7", attachment=900),
        attempt("2023-00001-2.tar.gz", user="7", attachment=800, again=2),
        attempt("2023-00001.tar.gz", user="7", attachment=700),
    )
    assert entry.counts.file == "final.tar.gz"
    assert [other.file for other in entry.others] == ["2023-00001.tar.gz", "2023-00001-2.tar.gz"]
    assert (entry.label, entry.student_id) == ("2023-00001", "2023-00001")


def test_plain_files_go_by_the_number_in_the_name_then_by_time() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    again = attempt("2023-00001-1.tar.gz", again=1, modified=early)
    assert only(again, attempt("2023-00001.tar.gz", modified=late)).counts is again
    newer = attempt("new_2023-00001.tar.gz", modified=late)
    assert only(newer, attempt("2023-00001.tar.gz", modified=early)).counts is newer


def test_a_later_attempt_counts_whatever_number_stands_between_its_endings() -> None:
    entry = only(
        attempt("2023-00001.tar.gz", user="7", attachment=1),
        attempt("2023-00001.tar-1.gz", user="7", attachment=2, again=1),
    )
    assert entry.counts.file == "2023-00001.tar-1.gz"


def test_a_tarball_counts_before_another_kind_of_file() -> None:
    entry = only(
        attempt("2023-00001.tar.gz", user="7", attachment=1),
        attempt("report_2023-00001.pdf", user="7", attachment=2),
    )
    assert entry.counts.file == "2023-00001.tar.gz"


def test_two_users_with_one_id_stay_apart_and_are_named() -> None:
    entries = choose(
        [
            attempt("2023-00001.tar.gz", user="7", attachment=1),
            attempt("2023-00001.tar.gz", user="8", attachment=2),
        ]
    )
    assert [entry.label for entry in entries] == ["2023-00001_user_7", "2023-00001_user_8"]
    assert all("Another Canvas user" in entry.notes[0] for entry in entries)


def test_a_file_sent_by_mail_joins_the_canvas_user_of_its_id() -> None:
    entry = only(
        attempt("2023-00001.tar.gz", user="7", attachment=1),
        attempt("2023-00001-1.tar.gz", again=1),
    )
    assert entry.counts.again == 1


def test_without_an_id_the_user_or_the_file_names_the_folder() -> None:
    labels = [
        entry.label
        for entry in choose(
            [
                attempt("work.tar.gz", None, user="7", attachment=1),
                attempt("work.tar.gz", None, user="anon_ab1", attachment=2),
                Attempt(Place(Path("a/x.tar.gz")), "x.tar.gz", None),
                Attempt(Place(Path("b/x.tar.gz")), "x.tar.gz", None),
            ]
        )
    ]
    assert labels[0] == "anon_ab1"
    assert labels[-1] == "user_7"
    assert labels[2] == f"{labels[1]}~2"


def test_a_name_of_any_bytes_names_a_folder() -> None:
    name = os.fsdecode("과제.tar.gz".encode("cp949"))  # as unzip leaves what Windows has packed
    (entry,) = choose([Attempt(Place(Path(name)), name, None)])
    assert re.fullmatch("unnamed_[0-9a-f]{8}", entry.label)


def test_attempts_with_different_ids_are_named() -> None:
    entry = only(
        attempt("2023-00001.tar.gz", user="7", attachment=1),
        attempt("2023-00002.tar.gz", "2023-00002", user="7", attachment=2),
    )
    assert entry.student_id == "2023-00002"
    assert "different student ids" in entry.notes[0]
