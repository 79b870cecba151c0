"""What single views say, asked without a server."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from grader.batch.decisions import Decision, Overtaken
from grader.batch.journal import Journal
from grader.batch.requests import take_in
from grader.batch.roster import Student as Listed
from grader.commands.correct import correct
from grader.errors import GraderError
from grader.messages.message import say
from grader.report.mask import HIDDEN
from grader.results import Flag
from grader.review import answering, looking, requests
from grader.review.app import Handler
from grader.review.bench import Asked, Workbench
from grader.review.saving import Writer
from grader.review.security import Keys
from tests.review.room import L1, Student, grade, picture, some_class


@contextmanager
def bench(grades: Path, **asked: Any) -> Iterator[Workbench]:
    with Journal(grades) as journal:
        wanted = Asked(**{"who": "kim", **asked})
        yield Workbench(journal, Writer(grades), wanted, Keys(), 18000)


def ask(at: Workbench, handler: Handler, query: str = "", body: str = "", **path: str) -> str:
    """The page that a handler gives."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    scope = {
        "type": "http",
        "method": "POST" if body else "GET",
        "headers": [],
        "query_string": query.encode(),
        "path_params": path,
    }
    at.room.refresh()
    return bytes(asyncio.run(handler(at, Request(scope, receive))).body).decode()


def roster(*listed: tuple[str, str]) -> dict[str, Listed]:
    return {label: Listed(label, name) for label, name in listed}


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    grade(
        tmp_path / "grades",
        tmp_path / "in",
        some_class(5),
        roster=roster(("2023-10000", "Kim Minsu"), ("2023-19999", "Late Lee")),
    )
    return tmp_path / "grades"


def test_of_anonymous_students_nobody_is_found_by_name_id_or_file(grades: Path) -> None:
    with bench(grades) as at:
        assert "Kim Minsu" in ask(at, looking.show_students, "words=minsu")
        assert len(at.queue({"words": "minsu"}).shown) == 1
    with bench(grades, anonymous=True) as at:
        shown = at.name(at.room.entries["2023-10000"])
        for words in ("minsu", "10000", "tar.gz"):
            assert at.queue({"words": words}).students() == []
            assert at.queue({"words": words}).shown == []
        (found,) = at.queue({"words": shown.split()[1]}).students()
        assert found.label == "2023-10000"


def test_of_anonymous_students_no_comment_is_offered_that_names_one(grades: Path) -> None:
    correct(grades, "2023-10000", "loss", 5.0, "Kim Minsu, this is L1", "ta")
    correct(grades, "2023-10004", "loss", 5.0, "this is L1", "ta")
    with bench(grades) as at:
        assert set(at.comments()) == {"Kim Minsu, this is L1", "this is L1"}
    with bench(grades, anonymous=True) as at:
        assert at.comments() == ["this is L1"]
        assert HIDDEN not in ask(at, looking.start).partition('class="bar"')[2]


def test_of_anonymous_students_who_left_the_class_have_no_name_either(grades: Path) -> None:
    gone = "jang_hyun"
    with bench(grades, anonymous=True) as at:
        made = Decision(gone, "loss", 5.0, "", "ta", "2026-05-01T00:00:00+09:00")
        at.journal.decide([made])
        page = ask(at, looking.history)
    assert gone not in page
    assert HIDDEN in page


def test_undo_leaves_the_filters_as_they_were(grades: Path) -> None:
    with bench(grades) as at:
        group = next(group for group in at.room.groups if group.items == ("loss",))
        chosen = "".join(
            f"&member={at.room.sid(d.entry.label)}~{answering.stamp(d.entry)}" for d in group.doubts
        )
        filters = "&f_item=loss&f_state=open"
        ask(at, answering.decide, body=f"group={group.id}&answer=half&seen=0{filters}{chosen}")
        page = ask(at, answering.take_back, body=f"act=&seen=0{filters}")
    groups = page.partition('id="groups"')[2]
    assert groups.count("data-group=") == 1
    assert L1 in groups


def test_a_list_that_is_cut_says_so(grades: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "search for the others"
    with bench(grades) as at:
        assert words not in ask(at, looking.show_students)
        monkeypatch.setattr(looking, "MOST_STUDENTS", 2)
        page = ask(at, looking.show_students)
    assert words in page
    assert "2 of 6" in page
    assert page.count('href="/student/') == 2


def test_who_waits_to_be_graded_is_told_apart_from_who_has_nothing(grades: Path) -> None:
    with bench(grades) as at:
        entry = at.room.entries["2023-10001"]
        row = {**entry.row, "result": None, "state": "waiting"}
        at.journal.write_row("2023-10001", "2023-10001", row, None)
        page = ask(at, looking.show_student, sid=at.room.sid("2023-10001"))
    assert "Not graded yet" in page
    assert "/ 0" not in page


def test_what_could_not_be_read_is_said_once(tmp_path: Path) -> None:
    damaged = "The archive is damaged or cut off."
    checks = ("loss.epsilon", "loss.sample", "sampling.epsilon", "sampling.sample")
    grade(
        tmp_path / "grades",
        tmp_path / "in",
        [Student("2023-10000", dict.fromkeys(checks, damaged), fraction=0.0)],
    )
    with bench(tmp_path / "grades") as at:
        entry = at.room.entries["2023-10000"]
        assert entry.result is not None
        result = replace(entry.result, status="rejected")
        at.journal.write_row("2023-10000", "2023-10000", {**entry.row, "result": result}, entry.key)
        at.room.refresh()
        group = next(group for group in at.room.groups if group.title == damaged)
        page = ask(at, looking.show_group, group=group.id)
    panel = page.partition('id="panel"')[2]
    assert panel.count(damaged) == 1
    assert "everything of this student" in panel


def test_a_request_of_who_handed_in_nothing_is_answered_with_points(
    grades: Path, tmp_path: Path
) -> None:
    form = tmp_path / "form.csv"
    form.write_text("id,item,text\n2023-19999,loss,I gave it to you on paper.\n", "utf-8")
    with bench(grades) as at:
        take_in(at.journal, form)
        page = ask(at, requests.show)
        assert "everything of this student" in page
        assert 'name="points"' in page
        (asked,) = at.journal.requests()
        ask(at, requests.answer, body=f"number={asked.number}&text=Found.&points=7&seen=0")
        (loss,) = [i for i in at.room.entries["2023-19999"].items if i.id == "loss"]
        assert loss.points == 7.0
        assert at.journal.requests()[0].answer == "Found."


def test_of_anonymous_students_a_request_of_nobody_known_shows_no_name(
    grades: Path, tmp_path: Path
) -> None:
    form = tmp_path / "form.csv"
    form.write_text("id,item,text\nJang Hyun,loss,Please.\n", "utf-8")
    with bench(grades, anonymous=True) as at:
        take_in(at.journal, form)
        assert "Hyun" not in ask(at, requests.show)


def test_the_checks_sentences_are_korean_where_the_page_is(grades: Path) -> None:
    with bench(grades, language="ko") as at:
        clipped = next(group for group in at.room.groups if group.items == ("beta_schedule",))
        assert at.title(clipped).startswith("cosine 스케줄은 확인이 필요합니다")
        assert "0.902" in at.title(clipped)  # of one student: nothing is left open
    imports = [say("run.imports_a_solution", names=f"'lib{n}' 0.{n}") for n in range(2)]
    students = [
        Student(f"2023-{10000 + n}", {"loss.epsilon": said}) for n, said in enumerate(imports)
    ]
    grade(grades.parent / "other", grades.parent / "in2", students)
    with bench(grades.parent / "other", language="ko") as at:
        (group,) = at.room.groups
        assert "“…”" in at.title(group)
        assert "import" in at.title(group)
        assert "노트북" in at.title(group)
        assert "lib0" not in at.title(group)


def test_notes_and_flags_are_korean_where_the_page_is(tmp_path: Path) -> None:
    flag = Flag("notebook_name", say("notebook.holds_both", name="a.ipynb", kind="2-2"))
    student = Student("2023-10000", {"loss.epsilon": L1}, flags=(flag,))
    for salt in ("", "new"):  # what is decided on the first file is proposed again for the other
        grade(tmp_path / "grades", tmp_path / "in", [student], salt=salt, roster=roster())
        if not salt:
            correct(tmp_path / "grades", "2023-10000", "loss", 5.0, "", "ta")
    with bench(tmp_path / "grades", language="ko") as at:
        group = next(group for group in at.room.groups if group.items == ("loss",))
        page = ask(at, looking.show_student, sid=at.room.sid("2023-10000"))
        page += ask(at, looking.show_group, group=group.id)
    notes = ("Not on the roster", "holds notebook", "corrected to")
    for english in (*notes, "guidance", "cell 9", "GIF, first", "L1) between"):
        assert english not in page
    notes = ("명단에 없습니다.", "노트북 2-2도", "기준일 때 5점을 주었습니다")
    shown = ("가이던스 8", "작은 그림: 9번 셀", "GIF의 첫 프레임", "평균 절대 차(L1)")
    for korean in (*notes, *shown):
        assert korean in page


def test_what_older_journals_kept_without_ids_is_shown_as_it_was(tmp_path: Path) -> None:
    shown = {
        "asked": [{"prompt": "a lighthouse", "how": "guidance 8, steps 40, seed 1"}],
        "refused": [{"look": "of one colour", "where": "cell 9", "picture": picture()}],
    }
    student = Student("2023-10000", {"loss.epsilon": L1}, shown=shown)
    grade(tmp_path / "grades", tmp_path / "in", [student])
    with bench(tmp_path / "grades", language="ko") as at:
        page = ask(at, looking.show_student, sid=at.room.sid("2023-10000"))
    assert "guidance 8, steps 40, seed 1" in page
    assert "of one colour: cell 9" in page


def answers(at: Workbench) -> Sequence[GraderError]:
    entry = at.room.entries["2023-10000"]
    found: list[GraderError] = []
    for body in ("group=x&answer=full", "sid=%s&stamp=x", "sid=%s&stamp=%s&target=x&points=1"):
        filled = body.replace("%s", at.room.sid(entry.label), 1).replace(
            "%s", answering.stamp(entry)
        )
        handler = answering.decide if "group" in body else answering.decide_check
        with pytest.raises(GraderError) as caught:
            ask(at, handler, body=filled)
        found.append(caught.value)
    return found


def test_why_something_was_not_kept_is_korean_where_the_page_is(grades: Path) -> None:
    with bench(grades, language="ko") as at:
        empty, anew, unknown = answers(at)
        assert at.said(empty.said) == "이 묶음에는 이제 아무도 없습니다."
        assert at.said(anew.said).startswith("그사이 이 학생이 다시 채점")
        assert "no item" in at.said(unknown.said)  # nothing that a page can ask
        correct(grades, "2023-10000", "loss", 5.0, "", "lee")
        told = at.said(Overtaken(at.journal.decisions()).said)
        assert "lee" in told
        assert "meanwhile" not in told
    with bench(grades) as at:
        assert at.said(empty.said) == str(empty)


def test_all_of_a_group_have_the_first_message_only_where_it_is_the_same(grades: Path) -> None:
    with bench(grades) as at:
        group = next(group for group in at.room.groups if group.items == ("loss",))
        assert (group.same, at.title(group)) == (True, L1)
