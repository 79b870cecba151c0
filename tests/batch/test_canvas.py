"""Canvas's rule for the names in ``submissions.zip``, both ways."""

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.batch.canvas import (
    Downloaded,
    Kind,
    cleaned,
    readings,
    recipient,
    shortened,
    to_give_back,
)

NUMBERS = st.integers(1, 10**12)
PEOPLE = st.text(
    st.one_of(
        st.sampled_from("Kim, Minsu_7-. 0123456789'\"LATEanon"),
        st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"),
    ),
    max_size=40,
)
FILES = st.one_of(
    st.sampled_from(
        ["2023-12345.tar.gz", "2023-12345-1.tar.gz", "my_work.tar.gz", "_LATE_1_2_x", "text.html"]
    ),
    st.text(min_size=1, max_size=40).map(cleaned),
)


def file_of(name: str, user: int, attachment: int, file: str, late: bool) -> Downloaded:
    return Downloaded(shortened(name), str(user), attachment, file, late)


def is_clear(found: Downloaded) -> bool:
    """By the rule alone: neither the name's end nor the file's beginning looks like a number of
    Canvas's, and nobody is called ``anon``."""
    ends_in_a_number = re.search(r"(?:^|_)[0-9]+$", found.name) and not found.late
    begins_with_one = re.match(r"[0-9]+_|(?:text|link)[-_. ]?\(?[0-9]{0,3}\)?\.html$", found.file)
    odd = found.name.startswith(("anon", "late_anon")) or re.search(r"_[0-9]+_", found.name)
    return not (ends_in_a_number or (begins_with_one and not found.late) or odd)


@given(PEOPLE, NUMBERS, NUMBERS, FILES, st.booleans())
def test_what_is_built_is_read_back(
    name: str, user: int, attachment: int, file: str, late: bool
) -> None:
    made = file_of(name, user, attachment, file, late)
    if is_clear(made):
        assert readings(made.build()) == [made]


@given(PEOPLE, NUMBERS, NUMBERS, FILES, st.booleans())
def test_what_is_not_clear_has_its_meaning_among_several(
    name: str, user: int, attachment: int, file: str, late: bool
) -> None:
    made = file_of(name, user, attachment, file, late)
    assume(not re.search(r"_[0-9]+_", made.name))
    assert made in readings(made.build())


@given(st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True), NUMBERS, FILES, st.booleans())
def test_anonymous_files_are_read_back(
    anonymous_id: str, attachment: int, file: str, late: bool
) -> None:
    made = Downloaded("", anonymous_id, attachment, file, late, anonymous=True)
    found = readings(made.build())
    assert made in found
    assert len(found) == 1 or not late


@given(PEOPLE, NUMBERS, st.booleans(), st.sampled_from(["text", "link"]))
def test_texts_and_links_are_read_back(name: str, user: int, late: bool, kind: Kind) -> None:
    made = Downloaded(shortened(name), str(user), late=late, kind=kind)
    assume(not re.search(r"_[0-9]+_", made.name))
    found = readings(made.build())
    assert made in found
    assert len(found) == 1 or not is_clear(made)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Kim, Minsu", "kimminsu"),
        ("김, 민수", "김민수"),
        ("O'Neill-Kim, José", "oneillkimjosé"),
        ("Kim_7_Minsu", "kim7minsu"),
        ("Kim_Minsu 12", "kim_minsu12"),
        ("Kim_12", "kim_12"),
        ("...", ""),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_names_of_people(name: str, written: str) -> None:
    assert shortened(name).replace("ς", "σ") == written.replace("ς", "σ")


def test_names_of_files_hold_nothing_that_a_disk_refuses() -> None:
    assert cleaned('a/b\\c:*?"<>|d\x00.tar.gz') == "a_b_c_d_.tar.gz"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kim_7_9_2023-00001.tar.gz", [("kim", "7", 9, "2023-00001.tar.gz")]),
        ("kim_min_su_7_9_a_b.tar.gz", [("kim_min_su", "7", 9, "a_b.tar.gz")]),
        ("kimminsu12_7_9_a.tar.gz", [("kimminsu12", "7", 9, "a.tar.gz")]),
        ("2_kim_7_9_a.tar.gz", [("2_kim", "7", 9, "a.tar.gz")]),
        ("kim_12_LATE_7_9_a.tar.gz", [("kim_12", "7", 9, "a.tar.gz")]),
        ("kim_LATE_7_9_3_a.tar.gz", [("kim", "7", 9, "3_a.tar.gz")]),
        ("_7_9_a.tar.gz", [("", "7", 9, "a.tar.gz")]),
        ("kim_12_7_9_a", [("kim", "12", 7, "9_a"), ("kim_12", "7", 9, "a")]),
        ("kim_7_9_10_11_a", [("kim", "7", 9, "10_11_a"), ("kim_7", "9", 10, "11_a")]),
        ("anon_aB3_9_a.tar.gz", [("", "aB3", 9, "a.tar.gz")]),
        ("LATE_anon_aB3_9_a_2_3_b", [("", "aB3", 9, "a_2_3_b")]),
        ("anon_7_9_a", [("", "7", 9, "a"), ("anon", "7", 9, "a")]),
        ("kim_7_text.html", [("kim", "7", 0, "")]),
        ("kim_LATE_7_link.html", [("kim", "7", 0, "")]),
        ("kim_7_text-1.html", [("kim", "7", 0, "")]),
        ("kim_7_9_text.html", [("kim", "7", 9, "text.html"), ("kim_7", "9", 0, "")]),
        ("anon_aB3_link.html", [("", "aB3", 0, "")]),
        ("2023-00001.tar.gz", []),
        ("2023-00001_2_1_final.tar.gz", []),
        ("Team_2_1_final.tar.gz", []),
        ("kim_7_final.tar.gz", []),
        ("kim_7_9_", []),
        ("", []),
    ],
)
def test_what_a_name_can_mean(name: str, told: list[tuple[object, ...]]) -> None:
    found = readings(name)
    assert [(one.name, one.user, one.attachment, one.file) for one in found] == told


def test_a_name_of_any_length_is_read_at_once() -> None:
    started = time.process_time()
    for name in ("_1" * 30_000, "_" * 60_000, "a" * 60_000 + "_1_2_x", f"kim_{'9' * 9_000}_1_x"):
        readings(name)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("kimminsu_1001_51_2023-20001.tar.gz", ("1001", 51)),
        ("kimminsu_LATE_1001_51_2023-20001-1.tar.gz", ("1001", 51)),
        ("김민수_1001_51_과제_1_2.tar.gz", ("1001", 51)),
        ("kim_min_su_1001_51_a.zip", ("1001", 51)),
        ("kim_7_1001_51_a.zip", ("7", 1001)),
        ("anon_x9Y2z_51_a.zip", ("anon_x9Y2z", 51)),
        ("LATE_anon_12345_51_1_2.zip", ("anon_12345", 51)),
        ("anon_LATE_1001_51_a.zip", ("1001", 51)),
        ("kim_1001_text.html", None),
        ("kim_1001_link-2.html", None),
        ("._kim_1001_51_a.zip", None),
        ("2023-20001.tar.gz", None),
        ("kim_1001_a.zip", None),
        ("kim_٣_٤_a.zip", None),
    ],
)
def test_whom_canvas_gives_a_file_of_that_name(name: str, whose: tuple[str, int] | None) -> None:
    assert recipient(name) == whose


@given(PEOPLE, NUMBERS, NUMBERS, FILES, st.booleans())
def test_what_is_given_back_comes_to_its_sender(
    name: str, user: int, attachment: int, file: str, late: bool
) -> None:
    made = file_of(name, user, attachment, file, late)
    back = to_give_back(made.build(), str(user))
    if back is not None:
        whose = recipient(back)
        assert whose is not None
        assert whose[0] == str(user)
        assert whose[1] in [one.attachment for one in readings(made.build())]
        assert cleaned(back) == back


@pytest.mark.parametrize(
    "name",
    [
        "kim_1_2_a\x1b.zip",
        "kim_1_2_a\udc80.zip",
        "kim_1_2_a:b.zip",
        ".kim_1_2_a.zip",
        "a/kim_1_2_a",
    ],
)
def test_a_name_that_canvas_never_makes_is_not_given_back(name: str) -> None:
    assert to_give_back(name, "1") is None


def test_a_number_of_the_persons_own_is_not_taken_for_the_users() -> None:
    assert to_give_back("kim_7_1001_51_a.zip", "1001") == "kim7_1001_51_a.zip"
    assert to_give_back("kim_7_1001_51_a.zip", "1002") is None
