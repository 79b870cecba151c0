"""The class's own pictures: who is shown, and what is not told."""

from pathlib import Path

import pytest

from grader.batch.journal import Journal
from grader.errors import UsageError
from grader.report.gallery import gallery_page
from tests.batch.fake import evidence
from tests.report.books import book, entry

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "grades", create=True)


def page(journal: Journal, agreed: str, names: bool = False) -> tuple[str, list[str]]:
    students = []
    for number in range(4):
        label = f"2023-0000{number}"
        asked = [{"prompt": f"prompt {number} {EVIL}", "how": "guidance 7.5"}]
        pictures = [f"picture{number}"] if number < 3 else []
        found = evidence(f"{label}.tar.gz", shown={"asked": asked, "pictures": pictures})
        journal.store(label, "{}", found)
        made = entry(label, found, name=f"Name {number}")
        students.append(type(made)(made.label, made.row, made.items, label))
    consent = journal.grades / "consent.txt"
    consent.write_text(agreed, "utf-8")
    with journal:
        return gallery_page(journal, book(*students), consent, names)


@pytest.mark.parametrize(
    "answers",
    [
        '"2026-05-01","2023-00000","No"\n',
        "학번;동의\n2023-00000;동의하지 않음\n",
        "2023-00000: X\n",
        "2023-00000 아니요\n",
        "2023-00000, I do not agree\n",
        "2023-00000\tPlease don't show mine, thanks\n",
        "2023-00000,공개를 원하지 않습니다\n",
        "2023-00000,Nope\n",
        "2023-00000 would rather not\n",
        "2023-00000,\n",
        "# 2023-00000 has not answered\n",
    ],
)
def test_where_others_say_yes_who_does_not_has_not_agreed(journal: Journal, answers: str) -> None:
    with pytest.raises(UsageError, match=r"2023-00000.* seems not to agree"):
        page(journal, "2023-00001,yes\n" + answers)


def test_names_and_headings_are_no_refusal(journal: Journal) -> None:
    text, _ = page(journal, "id,name,no\n2023-00000,No Minsu\n2023-00001\tNora\n")
    assert "prompt 0" in text
    assert "prompt 1" in text


def test_work_under_anothers_id_is_not_shown_by_their_consent(journal: Journal) -> None:
    several = [
        entry(f"2023-00000_user_{user}", student_id="2023-00000", stands=False) for user in "78"
    ]
    consent = journal.grades / "consent.txt"
    consent.write_text("2023-00000", "utf-8")
    with journal:
        _, lines = gallery_page(journal, book(*several), consent, names=False)
    assert len(lines) == 2
    assert all("is on several submissions" in line for line in lines)


def test_only_who_agreed_is_shown_and_nobody_is_named(journal: Journal) -> None:
    text, lines = page(journal, "2023-00000 agreed\n2023-00002,yes\n2023-00003: o\n")
    assert "prompt 0" in text
    assert "prompt 2" in text
    assert "prompt 1" not in text
    assert "Name" not in text
    assert "2023-" not in text
    assert lines == ["2023-00003 agreed, but no own picture was found."]


def test_who_agreed_and_is_in_no_class_is_named(journal: Journal) -> None:
    _, lines = page(journal, "2023-00000\n2023-99999\n2023-88888\n")
    assert lines[:2] == [
        "2023-88888 agreed, but is not in the gradebook.",
        "2023-99999 agreed, but is not in the gradebook.",
    ]


def test_names_on_request_and_everything_escaped(journal: Journal) -> None:
    text, _ = page(journal, "2023-00000", names=True)
    assert "Name 0" in text
    assert EVIL not in text
    assert "&lt;script&gt;" in text


def test_without_consent_there_is_no_gallery(journal: Journal) -> None:
    with journal, pytest.raises(UsageError, match="--consent"):
        gallery_page(journal, book(), None, False)
    (journal.grades / "empty.txt").write_text("nobody", "utf-8")
    with pytest.raises(UsageError, match="holds no student id"):
        gallery_page(journal, book(), journal.grades / "empty.txt", False)
