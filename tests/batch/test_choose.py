"""Whose attempts they are, which one counts, and the folders that they get."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.batch.choose import Handed, Sure, choose
from grader.batch.gather import Attempt, plain_file
from grader.batch.labels import standings
from grader.batch.roster import Roster, Student

KIM, LEE = "2023-00001", "2023-00002"
GRADEBOOK = {
    KIM: Student(KIM, "Kim, Minsu", user="7"),
    LEE: Student(LEE, "Lee, Younghee", user="8"),
}
NAMES = {KIM: Student(KIM, "Minsu Kim"), LEE: Student(LEE, "이영희")}


def attempt(name: str, place: str = "in", **known: object) -> Attempt:
    """A file of that name, as it comes from Canvas or otherwise."""
    found = plain_file(Path(place) / name)
    return Attempt(**{**vars(found), **known})  # type: ignore[arg-type]


def only(*attempts: Attempt, roster: Roster | None = None) -> Handed:
    (entry,) = choose(attempts, roster)
    return entry


def labels(
    *names: str, roster: Roster | None = None, held: dict[str, str] | None = None
) -> dict[str, str]:
    """The folder of each file that counts, by its name."""
    handed = choose([attempt(name) for name in names], roster)
    found = standings(handed, {}, held or {})
    return {entry.counts.place.path.name: found[entry.owner].label for entry in handed}


def test_canvas_numbers_of_files_tell_the_last_attempt() -> None:
    entry = only(
        attempt("kim_7_900_final.tar.gz"),
        attempt("kim_7_800_2023-00001-2.tar.gz"),
        attempt("kim_7_700_2023-00001.tar.gz"),
    )
    assert entry.counts.file == "final.tar.gz"
    assert [other.file for other in entry.others] == ["2023-00001.tar.gz", "2023-00001-2.tar.gz"]
    assert entry.claim is not None
    assert entry.claim.student_id == KIM


def test_plain_files_go_by_the_number_in_the_name_then_by_time() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    again = attempt("2023-00001-1.tar.gz", modified=early)
    assert only(again, attempt("2023-00001.tar.gz", modified=late)).counts is again
    newer = attempt("new_2023-00001.tar.gz", modified=late)
    assert only(newer, attempt("2023-00001.tar.gz", modified=early)).counts is newer


def test_a_later_attempt_counts_whatever_number_stands_between_its_endings() -> None:
    entry = only(
        attempt("kim_7_1_2023-00001.tar.gz"),
        attempt("kim_7_2_2023-00001.tar-1.gz"),
    )
    assert entry.counts.file == "2023-00001.tar-1.gz"


@pytest.mark.parametrize("later", ["zip", "7z", "tar", "tar.xz", "rar"])
def test_a_later_archive_of_another_kind_counts(later: str) -> None:
    entry = only(attempt("kim_7_1_2023-00001.tar.gz"), attempt(f"kim_7_2_2023-00001.{later}"))
    assert entry.counts.file == f"2023-00001.{later}"


@pytest.mark.parametrize("other", ["kim_7_2_report_2023-00001.pdf", "kim_7_text.html"])
def test_an_archive_counts_before_another_kind_of_file(other: str) -> None:
    entry = only(attempt("kim_7_1_2023-00001.tar.gz"), attempt(other))
    assert entry.counts.file == "2023-00001.tar.gz"


def test_a_file_counts_before_what_was_typed_into_canvas() -> None:
    assert only(attempt("kim_7_link.html"), attempt("kim_7_1_work.pdf")).counts.file == "work.pdf"


def test_loose_notebooks_and_what_came_with_them_are_one_submission() -> None:
    entry = only(
        attempt("kim_7_1_2-1_diffusion.ipynb"),
        attempt("kim_7_2_2-2_TTI.ipynb"),
        attempt("kim_7_3_results.zip"),
    )
    assert [name for name, _ in entry.counts.place.loose] == [
        "2-1_diffusion.ipynb",
        "2-2_TTI.ipynb",
        "results.zip",
    ]
    assert list(entry.others) == []
    assert [flag.id for flag in entry.flags] == ["files_loose"]


@pytest.mark.parametrize("results", ["results.zip", "2023-00001_results.zip", "결과.7z"])
def test_an_archive_of_results_is_part_of_what_came_with_it(results: str) -> None:
    entry = only(attempt("kim_7_1_2023-00001.ipynb"), attempt(f"kim_7_2_{results}"))
    assert len(entry.counts.place.loose) == 2
    entry = only(attempt("kim_7_1_2023-00001.tar.gz"), attempt(f"kim_7_2_{results}"))
    assert entry.counts.file == "2023-00001.tar.gz"
    assert [*map(str, entry.notes)] == [f"{results} came beside it and is not graded with it."]


def test_a_whole_archive_counts_before_loose_notebooks() -> None:
    entry = only(attempt("kim_7_1_2023-00001.zip"), attempt("kim_7_2_2-1.ipynb"))
    assert entry.counts.file == "2023-00001.zip"


def test_two_users_with_one_id_stay_apart_and_are_named() -> None:
    names = ("kim_7_1_2023-00001.tar.gz", "lee_8_2_2023-00001.tar.gz")
    assert labels(*names) == {names[0]: KIM, names[1]: f"{KIM}_user_8"}
    found = standings(choose([attempt(name) for name in names]), {}, {})
    for owner, other in (("user 7", "8"), ("user 8", "7")):
        (note,) = found[owner].notes
        assert str(note) == (
            "Another submission carries 2023-00001, too: 2023-00001.tar.gz of Canvas's user "
            f"{other}."
        )
        assert found[owner].student_id == KIM


def test_who_had_the_folder_keeps_it() -> None:
    names = ("kim_7_1_2023-00001.tar.gz", "lee_8_2_2023-00001.tar.gz")
    assert labels(*names, held={KIM: "user 8"}) == {names[0]: f"{KIM}_user_7", names[1]: KIM}


@pytest.mark.parametrize("roster", [GRADEBOOK, NAMES])
@pytest.mark.parametrize("held", [{}, {KIM: "user 8"}])
def test_the_class_list_tells_whose_folder_it_is(roster: Roster, held: dict[str, str]) -> None:
    names = ("kimminsu_7_1_2023-00001.tar.gz", "leeyounghee_8_2_2023-00001.tar.gz")
    found = labels(*names, roster=roster, held=held)
    assert found[names[0]] == KIM
    assert found[names[1]] == (LEE if roster is GRADEBOOK else f"{KIM}_user_8")


def test_a_mistyped_id_finds_its_student_by_canvas_number() -> None:
    entry = only(attempt("leeyounghee_8_2_2023-00020.tar.gz"), roster=GRADEBOOK)
    assert entry.claim is not None
    assert (entry.claim.student_id, entry.claim.sure) == (LEE, Sure.KNOWN)
    (flag,) = entry.flags
    assert flag.message == (
        "The file is named 2023-00020, but by Canvas's gradebook user 8 is 2023-00002."
    )
    assert list(entry.notes) == []


def test_who_is_not_in_the_gradebook_takes_nobody_s_id() -> None:
    entry = only(attempt("x_99_2_2023-00001.tar.gz"), roster=GRADEBOOK)
    assert entry.claim is None
    assert "by Canvas's gradebook that is user 7" in str(entry.notes[0])
    assert labels("x_99_2_2023-00001.tar.gz", roster=GRADEBOOK) == {
        "x_99_2_2023-00001.tar.gz": "user_99"
    }


@pytest.mark.parametrize("claimed", [KIM, "2023-09999"])
def test_the_name_of_another_on_the_roster_is_pointed_out(claimed: str) -> None:
    entry = only(attempt(f"이영희_8_2_{claimed}.tar.gz"), roster=NAMES)
    assert entry.claim is not None
    assert entry.claim.student_id == claimed
    assert "which is 2023-00002's name on the roster" in str(entry.notes[0])


def test_a_file_by_mail_joins_the_user_whose_id_it_surely_is() -> None:
    files = [attempt("kimminsu_7_1_2023-00001.tar.gz"), attempt("2023-00001-1.tar.gz")]
    for roster in (GRADEBOOK, NAMES):
        assert only(*files, roster=roster).counts.again == 1
    assert {entry.owner for entry in choose(files)} == {"user 7", "id 2023-00001"}


def test_a_file_by_mail_never_becomes_that_of_one_who_took_its_name() -> None:
    files = ["leeyounghee_8_2_2023-00001.tar.gz", "2023-00001.tar.gz"]
    for roster in (None, NAMES, GRADEBOOK):
        handed = choose([attempt(name) for name in files], roster)
        assert len(handed) == 2
        assert labels(*files, roster=roster)["2023-00001.tar.gz"] == KIM


def test_without_an_id_the_user_or_the_file_names_the_folder() -> None:
    handed = choose(
        [
            attempt("kim_7_1_work.tar.gz"),
            attempt("anon_ab1_2_work.tar.gz"),
            attempt("x.tar.gz", "a"),
            attempt("x.tar.gz", "b"),
        ]
    )
    found = [standing.label for standing in standings(handed, {}, {}).values()]
    assert found[2:] == ["user_7", "anon_ab1"] or found[2:] == ["anon_ab1", "user_7"]
    assert all(re.fullmatch("unnamed_[0-9a-f]{8}", label) for label in found[:2])
    assert found[0] != found[1]


def test_a_name_of_any_bytes_names_a_folder() -> None:
    name = os.fsdecode("과제.tar.gz".encode("cp949"))  # as unzip leaves what Windows has packed
    (label,) = labels(name).values()
    assert re.fullmatch("unnamed_[0-9a-f]{8}", label)


def test_files_without_a_name_go_by_their_bytes_wherever_they_lie() -> None:
    files = [attempt("x.tar.gz", "a"), attempt("y.tar.gz", "b"), attempt("z.tar.gz", "c")]
    handed = choose(files, None, lambda found: "same" if found.file < "z" else "other")
    assert sorted(len(entry.others) for entry in handed) == [0, 1]


def test_attempts_with_different_ids_are_named() -> None:
    files = [attempt("kim_7_1_2023-00001.tar.gz"), attempt("kim_7_2_2023-00002.tar.gz")]
    entry = only(*files)
    assert entry.claim is not None
    assert entry.claim.student_id == LEE
    assert "different student ids" in str(entry.notes[0])
    assert list(only(*files, roster=GRADEBOOK).notes) == []


@pytest.mark.parametrize("canvas", ["", "kim_7_1_"])
def test_a_name_with_several_ids_takes_none_of_them(canvas: str) -> None:
    entry = only(attempt(f"{canvas}2023-00001_2023-00002.tar.gz"))
    assert entry.claim is None
    assert str(entry.notes[0]) == (
        "The file's name carries several student ids: 2023-00001, 2023-00002."
    )


@pytest.mark.parametrize(
    "written", ["202300001", "2023_00001", "2023–00001", "２０２３－００００１"]
)
def test_an_id_that_is_written_in_another_way_is_understood_with_a_flag(written: str) -> None:
    for canvas in ("", "kim_7_1_"):
        entry = only(attempt(f"{canvas}hw_{written}.tar.gz"))
        assert entry.claim is not None
        assert (entry.claim.student_id, entry.claim.sure) == (KIM, Sure.HINTED)
        assert [flag.id for flag in entry.flags] == ["student_id_written_otherwise"]


def test_what_stands_only_inside_takes_no_folder_of_one_who_is_named_so() -> None:
    names = ("2023-00001.tar.gz", "kim_7_1_work.tar.gz", "lee_8_2_work.tar.gz")
    handed = choose([attempt(name) for name in names])
    inside = {"user 7": KIM, "user 8": LEE}
    found = standings(handed, inside, {KIM: "user 7"})
    assert {owner: standing.label for owner, standing in found.items()} == {
        "id 2023-00001": KIM,
        "user 7": f"{KIM}_user_7",
        "user 8": LEE,
    }
    assert [found[owner].stands for owner in sorted(found)] == [True, False, True]


def test_a_name_that_canvas_may_mean_in_two_ways_asks_unless_the_gradebook_tells() -> None:
    name = "kim_8_7_900_2023-00001.tar.gz"  # of Kim, user 8, or of Kim_8, user 7
    entry = only(attempt(name))
    assert entry.counts.user is None
    assert "can mean user 8 or 7" in str(entry.notes[0])
    entry = only(attempt(name), roster={KIM: Student(KIM, "Kim_8", user="7")})
    assert (entry.owner, entry.counts.file, entry.counts.name) == (
        "user 7",
        "2023-00001.tar.gz",
        "kim_8",
    )
    both = {KIM: Student(KIM, "Kim_8", user="7"), LEE: Student(LEE, "Lee", user="8")}
    assert only(attempt(name), roster=both).owner == "user 7"
