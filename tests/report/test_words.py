"""Students are told in Korean, in English or in both."""

import html
import re
from dataclasses import replace

import pytest

from grader.batch.gradebook import Entry
from grader.checks.verdict import failed
from grader.gradescope.results import gradescope_json
from grader.messages.message import say
from grader.report.student import Around, student_page
from grader.report.words import LANGUAGES, Words
from grader.states import State
from tests.batch.fake import evidence, unreadable
from tests.report.books import ITEMS, book, corrected, entry

VISIBLE = {item["id"]: True for item in ITEMS}
HANGUL = re.compile("[가-힣]")
ENGLISH = "Computed correctly from your betas."
KOREAN = "beta로부터 올바르게 계산되었습니다."


def student(**row: object) -> Entry:
    check = "schedule_parameters.alphabar_t"
    wrong = failed(check, say("schedule_parameters.right"))
    found = evidence()
    verdicts = [wrong if one.check == check else one for one in found.verdicts]
    return entry("2023-20001", replace(found, verdicts=verdicts), **row)


def text_of(page: str) -> str:
    without = re.sub(r"<style>.*?</style>|<code.*?</code>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", without))


def page_in(language: str, one: Entry, around: Around | None = None) -> str:
    return student_page(replace(book(one), language=language), one, b"", {}, around=around)


@pytest.mark.parametrize(
    ("language", "told", "silent"),
    [("en", [ENGLISH], [KOREAN]), ("ko", [KOREAN], [ENGLISH]), ("both", [KOREAN, ENGLISH], [])],
)
def test_a_student_s_page_speaks_the_language_of_the_class(
    language: str, told: list[str], silent: list[str]
) -> None:
    page = page_in(language, student())
    assert f'<html lang="{LANGUAGES[language][0]}">' in page
    assert all(text in page for text in told)
    assert not any(text in page for text in silent)


def test_a_korean_page_has_no_english_words_of_its_own() -> None:
    late = student(late=True, late_hours=5.0, late_percent=10.0)
    text = text_of(page_in("ko", late))
    for word in ("points", "Items", "settings", "lost", "late", "person", "Late", "of 10"):
        assert not re.search(rf"\b{word}\b", text), word
    assert "마감보다 5시간 늦게 제출함" in text
    assert "10 % 감점" in text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ko", ["CollectSubmission.sh로 다시 묶어"]),
        ("both", ["CollectSubmission.sh로 다시 묶어", "pack your work again"]),
    ],
)
def test_who_was_not_read_learns_what_to_do(language: str, told: list[str]) -> None:
    one = entry("2023-20001", unreadable("2023-20001.tar.gz"))
    page, result = page_in(language, one), gradescope_json(one, VISIBLE, b"", language)
    assert result is not None
    for text in told:
        assert text in page
        assert text in result["output"]
    assert "CollectSubmission" not in page_in(language, one, Around())


def test_what_was_told_before_is_named_in_each_language() -> None:
    reason = say("run.code_earned_nothing")
    found = evidence()
    prefixes = ("setting_epsilon_linear.", "setting_epsilon_cosine.")
    verdicts = [
        failed(v.check, reason) if v.check.startswith(prefixes) else v for v in found.verdicts
    ]
    page = text_of(page_in("both", entry("2023-20001", replace(found, verdicts=verdicts))))
    assert page.count("As for Setting epsilon, linear.") == 1  # for three checks
    assert page.count("설정 epsilon, linear와 같습니다.") == 1


def test_pages_for_tas_stay_english() -> None:
    assert not HANGUL.search(text_of(page_in("ko", student(), Around())))


def test_a_person_s_points_are_told_in_korean() -> None:
    one = entry("2023-20001", evidence(), corrected("loss", 3, "다시 보았습니다."))
    assert "조교가 매긴 점수: 3점: 다시 보았습니다." in text_of(page_in("ko", one))


def test_gradescope_s_results_are_in_the_language_of_the_class() -> None:
    late = student(late=True, late_hours=5.0, late_percent=10.0)
    found = gradescope_json(late, VISIBLE, b"", "both")
    assert found is not None
    outputs = "".join(test["output"] for test in found["tests"])
    assert f"{KOREAN} / {ENGLISH}" in outputs
    assert found["output"].startswith("늦은 제출: ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_said(language: str) -> None:
    words = Words(language)
    assert all(words.state(state) for state in [*State, "graded", "person", "rejected"])


@pytest.mark.parametrize(
    ("hours", "english", "korean"),
    [
        (0.001, "less than a minute", "1분 미만"),
        (0.5, "30 minutes", "30분"),
        (0.017, "a minute", "1분"),
        (3, "3 hours", "3시간"),
        (3.25, "3.2 hours", "3.2시간"),
    ],
)
def test_times_are_in_the_unit_of_a_person(hours: float, english: str, korean: str) -> None:
    assert [Words("en").duration(hours), Words("ko").duration(hours)] == [english, korean]
