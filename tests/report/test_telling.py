"""A reason that holds for several items is told once: in the terminal, on pages, in exports."""

import io
import json
import re

import pytest
from rich.console import Console

from grader.batch.evidence import Evidence
from grader.batch.telling import Telling, common
from grader.checks.items import known_items
from grader.checks.verdict import Verdict
from grader.gradescope.results import gradescope_json
from grader.messages.message import Said, say, sentence, together
from grader.report.index import index_page
from grader.report.student import Around, student_page
from grader.report.tables import plain_csv
from grader.report.terminal import print_result
from grader.results import Flag, Result, State
from tests.batch.fake import RUBRIC
from tests.report.books import book, corrected, entry

NOT_READ = "The archive is damaged or cut off and cannot be unpacked."
SYNTAX = "The cell that defines it has a syntax error in line 3, so it could not run."
IMPORTS = say("run.imports_a_solution", names="diffusers")
IMPORT = sentence(IMPORTS)
VISIBLE = {item.id: True for item in RUBRIC.items}


def evidence_of(
    messages: dict[str, tuple[State, str]], status: str = "", flags: tuple[Flag, ...] = ()
) -> Evidence:
    """Each check with the state and message of its item, or of its own."""
    verdicts = [
        Verdict(f"{item}.{name}", *_of(messages, item, name))
        for item, names in ((i.id, i.checks) for i in known_items().values())
        for name in names
    ]
    items = RUBRIC.score(verdicts) if status != "rejected" else RUBRIC.skipped(NOT_READ)
    result = Result(
        "2023-00001", "2023-00001.tar.gz", "0" * 64, status or "needs_review", 100, items, flags,
        {"grader": "", "python": "", "torch": "", "seed": 0},
    )  # fmt: skip
    return Evidence(result, verdicts)


def _of(messages: dict[str, tuple[State, str]], item: str, name: str) -> tuple[State, float, Said]:
    """The state and what is said; what stands behind a bar is a part of its own."""
    state, message = messages.get(item, (State.PASSED, "Right."))
    own, bar, _ = message.format(name=name, item=item).partition("|")
    return state, 0.5, together(own, IMPORTS if bar else "")


def rejected() -> Evidence:
    return evidence_of({}, "rejected", (Flag("rejected", NOT_READ),))


def syntax_error() -> Evidence:
    broken = (State.ERROR, SYNTAX)
    return evidence_of(
        dict.fromkeys(("beta_schedule", "schedule_parameters", "loss", "sampling"), broken)
    )


def imported() -> Evidence:
    doubtful = (State.NEEDS_REVIEW, "What {item} does for {name} is right.|")
    items = dict.fromkeys(("beta_schedule", "schedule_parameters", "loss", "sampling"), doubtful)
    return evidence_of(items, flags=(Flag("import_not_allowed", IMPORTS),))


CASES = [(rejected, NOT_READ), (syntax_error, SYNTAX), (imported, IMPORT)]
cases = pytest.mark.parametrize(("made", "reason"), CASES, ids=["rejected", "syntax", "import"])


def words(text: str) -> str:
    return " ".join(re.sub(r"[│┃╭╮╰╯─]", " ", text).split())


@cases
def test_in_the_terminal(made: type, reason: str) -> None:
    shown = io.StringIO()
    print_result(made().result, Console(file=shown, width=400))
    assert words(shown.getvalue()).count(reason) == 1


@cases
@pytest.mark.parametrize("ta", [True, False])
def test_on_a_students_page(made: type, reason: str, ta: bool) -> None:
    found: Evidence = made()
    student = entry("2023-00001", found)
    page = student_page(book(student), student, b"", {}, around=Around() if ta else None)
    said = words(re.sub(r"<[^>]*>", " ", page)).count(reason)
    assert said == (
        2 if ta and found.result.flags else 1
    )  # the TA's list of flags is one by itself


@cases
def test_in_the_index_and_among_the_reasons(made: type, reason: str) -> None:
    found: Evidence = made()
    student = entry("2023-00001", found)
    if found.result.status == "needs_review" and made is imported:
        assert student.reasons == [f"beta_schedule, schedule_parameters, loss, sampling: {IMPORT}"]
    assert index_page(book(student)).count(reason) <= 1


@cases
def test_in_exports(made: type, reason: str) -> None:
    found: Evidence = made()
    student = entry("2023-00001", found)
    content = gradescope_json(student, VISIBLE, b"")
    assert content is not None
    tests = json.dumps([test["output"] for test in content["tests"]])
    assert tests.count(reason) == 1
    assert plain_csv(book(student)).count(reason) == 0


def test_one_that_is_hidden_hides_no_other_s_reason() -> None:
    found = syntax_error()
    student = entry("2023-00001", found)
    page = student_page(book(student), student, b"", {})
    assert SYNTAX in page
    content = gradescope_json(student, {**VISIBLE, "beta_schedule": False}, b"")
    assert content is not None
    outputs = {test["name"]: test["output"] for test in content["tests"]}
    assert SYNTAX in outputs["beta_schedule"]
    assert SYNTAX in outputs["schedule_parameters"]
    assert SYNTAX not in outputs["loss"]


def test_what_a_person_judged_of_an_unreadable_one_is_shown_alone() -> None:
    found = rejected()
    student = entry("2023-00001", found, corrected("loss", 6, "by mail"))
    page = student_page(book(student), student, b"", {})
    assert page.count(NOT_READ) == 1
    assert "by mail" in page
    assert "The other items are not judged yet." in page
    assert page.count("<section") == 1


def test_points_of_what_nobody_has_judged_are_no_zero_on_any_page() -> None:
    found = rejected()
    student = entry("2023-00001", found)
    assert student.points is None
    assert "No item is judged yet." in student_page(book(student), student, b"", {})
    index = index_page(book(student))
    assert 'data-value="0' not in index


def test_messages_that_differ_are_all_told() -> None:
    tell = Telling()
    first = "The cosine schedule is off by up to 0.5 at t = 3."
    second = "The cosine schedule is off by up to 0.7 at t = 3."
    assert [tell("a", first), tell("b", second), tell("c", "Short.")] == [first, second, "Short."]
    assert tell("d", "Short.") == "Short."


def test_what_is_left_of_a_message_is_told() -> None:
    tell = Telling()
    tell("loss", together("Its gradient flows.", IMPORTS))
    assert tell("sampling", together("Its steps are right.", IMPORTS)) == "Its steps are right."
    again = tell("works", together("Its gradient flows.", IMPORTS))
    assert sentence(again) == "As for loss."
    assert sentence(again, "ko") == "loss와 같습니다."


def test_what_messages_share_stands_for_them() -> None:
    other = "Something else that is wrong with it."
    found = common([together("One.", IMPORTS), together("Two.", IMPORTS), other])
    assert list(found.values()) == [IMPORTS, IMPORTS, other]
