"""The page of mistakes: its figures, what counts, and that it names nobody in class."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import pearsonr

from grader.batch.gradebook import Entry, Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.checks.items import known_items
from grader.checks.verdict import Verdict
from grader.messages.message import said_in, say, together
from grader.report.class_figures import BY_PERSON, ClassFigures, class_figures, key_of
from grader.report.mistakes import aloud, mistakes_page
from grader.report.publish import publish
from grader.report.snippets import MOST_READ, MOST_SHOWN, looked_at, without_comments
from grader.report.statistics import alpha, quartiles, rest_correlation
from grader.report.words import Words
from grader.results import Flag, State
from tests.batch.fake import RUBRIC, evidence, rejected
from tests.report.books import book, corrected, entry
from tests.report.test_pages import EVIL, Tags
from tests.review.room import Student, grade

SCORES = [
    [10, 10, 10, 10, 8.5],
    [10, 8.5, 5, 5, 7],
    [5, 7, 5, 0, 9.9],
    [10, 10, 10, 5, 10],
    [0, 2.5, 0, 0, 4],
    [10, 10, 5, 10, 9.2],
    [5, 10, 10, 5, 8],
    [10, 5.5, 10, 10, 9.7],
]
# what pingouin 0.7.0 gives: cronbach_alpha, corr of each column with the others' sum
ALPHA = 0.8776123020575245
REST = [
    0.8435818125159682,
    0.6893812597349176,
    0.7442789601599364,
    0.7095747078289464,
    0.6964577859964233,
]


def student(label: str, verdicts: Mapping[str, Verdict], **row: Any) -> Entry:
    """Of whom these checks went so, and all others passed."""
    return entry(label, made(verdicts), **row)


def made(verdicts: Mapping[str, Verdict]) -> Any:
    whole = evidence()
    return replace(whole, verdicts=[verdicts.get(v.check, v) for v in whole.verdicts])


def lost(check: str, said: Any, fraction: float = 0.0, state: State = State.FAILED) -> Any:
    return {check: Verdict(check, state, fraction, said)}


NOISE = say("sampling.noise_at_the_end")
EPSILON = lost("sampling.epsilon", NOISE)


def item_of(figures: ClassFigures, name: str) -> Any:
    (found,) = [item for item in figures.items if item.whole.id == name]
    return found


def test_the_figures_are_those_of_an_independent_library() -> None:
    scores = np.array(SCORES)
    totals = scores.sum(axis=1)
    assert alpha(scores) == pytest.approx(ALPHA, abs=1e-12)
    for column, expected in zip(scores.T, REST, strict=True):
        found = rest_correlation(list(column), list(totals))
        assert found == pytest.approx(expected, abs=1e-12)
        assert found == pytest.approx(pearsonr(column, totals - column).statistic, abs=1e-12)
    assert quartiles(list(totals)) == pytest.approx((33.35, 41.1, 45.05))


def test_the_figures_of_a_class_are_those_of_its_points() -> None:
    """By the covariance matrix and by scipy, from the points in the results alone."""
    draw = np.random.default_rng(3)
    skills, students = draw.random(40), []
    for number, skill in enumerate(skills):
        verdicts = {
            f"{item}.{name}": Verdict(
                f"{item}.{name}", State.PARTIAL, float(draw.random() < skill), "Not right."
            )
            for item, names in ((one.id, one.checks) for one in known_items().values())
            for name in names
        }
        students.append(student(f"2023-{number:05}", verdicts))
    figures = class_figures(book(*students))
    points = np.array([[item.points for item in one.items] for one in students])
    covariance = np.cov(points.T)
    expected = 10 / 9 * (1 - np.trace(covariance) / covariance.sum())
    assert figures.alpha == pytest.approx(expected, abs=1e-9)
    for column, item in zip(points.T, figures.items, strict=True):
        rest = points.sum(axis=1) - column
        assert item.whole.correlation == pytest.approx(pearsonr(column, rest).statistic, abs=1e-9)
        assert item.whole.share == pytest.approx(column.mean() / 10)
    by_check = {c.id: c for item in figures.items for c in item.checks}
    right = [one.items[3].checks[0].points == 5 for one in students]
    assert by_check["sampling.epsilon"].full == sum(right)
    assert figures.totals == pytest.approx(points.sum(axis=1).tolist())


def test_where_all_have_the_same_there_is_no_correlation_and_no_alpha() -> None:
    same = [student(f"2023-0000{n}", {}) for n in range(3)]
    figures = class_figures(book(*same))
    assert figures.alpha is None
    assert all(item.whole.correlation is None for item in figures.items)
    assert rest_correlation([0.1, 0.2, 0.3], [1.1, 1.2, 1.3]) is None  # the rest is the same
    assert class_figures(book()).mean is None
    assert read_out(book()) == ["Nobody has final points yet."]


def test_a_message_that_differs_in_numbers_is_one_mistake() -> None:
    def wrong(first: int) -> Any:
        reason = say("beta_schedule.leaves_curve", first=first, T=100)
        said = say("beta_schedule.wrong", schedule="cosine", reason=reason)
        return lost("beta_schedule.cosine", said)

    students = [student(f"2023-0000{n}", wrong(n)) for n in (7, 7, 9)]
    students = [replace(s, label=f"2023-0001{n}") for n, s in enumerate(students)]
    (mistake,) = item_of(class_figures(book(*students)), "beta_schedule").mistakes
    assert mistake.key == "beta_schedule.wrong + beta_schedule.leaves_curve"
    assert len(mistake.students) == 3
    assert "t = 7 on" in mistake.sentence
    assert mistake.shared == 2


def test_two_problems_in_one_message_are_two_mistakes() -> None:
    both = together(NOISE, say("sampling.order_of_steps"))
    found = item_of(
        class_figures(book(student("2023-00001", lost("sampling.epsilon", both)))), "sampling"
    )
    assert {m.key for m in found.mistakes} == {NOISE.id, "sampling.order_of_steps"}


def test_one_mistake_in_two_checks_counts_each_student_once() -> None:
    both = {**EPSILON, **lost("sampling.sample", NOISE)}
    (mistake,) = item_of(
        class_figures(book(student("2023-00001", both), student("2023-00002", EPSILON))), "sampling"
    ).mistakes
    assert list(mistake.checks) == ["sampling.epsilon", "sampling.sample"]
    assert [one.label for one in mistake.students] == ["2023-00001", "2023-00002"]


def test_a_sentence_without_an_id_or_with_an_unknown_one_is_its_own_key() -> None:
    check = {"message": "Not right.", "message_id": None, "values": {}}
    assert key_of(said_in(check)) == "Not right."
    assert key_of(said_in({**check, "message_id": "of.another_version"})) == "Not right."


def test_only_what_is_settled_counts_and_who_is_left_out_is_said() -> None:
    doubt = lost("loss.epsilon", say("loss.l1"), 1.0, State.NEEDS_REVIEW)
    students = [
        student("2023-00001", EPSILON),
        student("2023-00002", doubt),
        entry("2023-00003", rejected(Flag("x", "cut"))),
        entry("2023-00004"),
    ]
    figures = class_figures(book(*students))
    assert figures.totals == [95.0]
    out = {why: [one.label for one in entries] for why, entries in figures.out.items()}
    assert out == {
        "needs_review": ["2023-00002"],
        "rejected": ["2023-00003"],
        "missing": ["2023-00004"],
    }
    loss = item_of(figures, "loss")
    assert (loss.whole.settled, loss.whole.left) == (1, 1)
    epsilon, sample = loss.checks
    assert (epsilon.settled, epsilon.left, sample.settled) == (1, 1, 2)
    assert not loss.mistakes  # a doubt is no mistake yet


def test_what_a_person_decided_counts_as_decided() -> None:
    found = made(EPSILON)
    whole = entry("2023-00001", found, corrected("sampling", 10))
    check = entry("2023-00002", found, corrected("sampling.epsilon", 2))
    sampling = item_of(class_figures(book(whole, check)), "sampling")
    assert (sampling.whole.settled, sampling.whole.full) == (2, 1)
    assert sampling.checks[0].settled == 1  # of the item as a whole nothing follows for it
    (mistake,) = sampling.mistakes
    assert (mistake.key, mistake.cost) == (BY_PERSON, 0.6)


def read_out(gradebook: Gradebook, language: str = "en") -> list[str]:
    return aloud(class_figures(gradebook), Words(language))


def test_the_text_to_read_out_is_korean_where_the_class_is() -> None:
    several = [student(f"2023-0000{n}", EPSILON) for n in range(3)]
    first, mistake = read_out(book(*several), "ko")
    assert first.startswith("3명의 점수가 확정되었습니다. 평균은 100점 만점에 95점이고")
    assert "3명이 했습니다: 마지막 단계에서도 노이즈를 더합니다." in mistake
    assert not re.search("[A-Za-z]{3}", (first + mistake).replace("epsilon", ""))
    assert read_out(book(), "ko") == ["아직 최종 점수를 받은 학생이 없습니다."]


def test_only_mistakes_of_several_students_are_read_out() -> None:
    several = [student(f"2023-0000{n}", EPSILON) for n in range(3)]
    alone = student("2023-00009", lost("loss.epsilon", say("loss.no_gradient")))
    text = " ".join(read_out(book(*several, alone)))
    assert text.startswith("4 of you have final points. The mean is 95 of 100")
    assert "made by 3 of you, is in “Sampling: epsilon prediction”: Noise is added" in text
    assert "gradient" not in text
    few = " ".join(read_out(book(*several[:2])))
    assert "No mistake was made by 3 or more of you" in few


def test_mistakes_that_cost_next_to_nothing_are_not_read_out() -> None:
    nearly = lost("image_quality.clear_digits", "99 of 100 digits are clear.", 0.99, State.PARTIAL)
    students = [student(f"2023-0000{n}", nearly) for n in range(5)]
    assert "99 of 100" not in " ".join(read_out(book(*students)))


NAMED = '''class DDPM(nn.Module):
    def forward(self, x, c):
        """Written by Kim Minsu, 2023-10000."""
        # 김민수 2023-10000 made this
        text = "Kim Minsu # 2023-10000"
        loss = F.l1_loss(x, c)  # minsu
        return loss
'''


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    from grader.batch.roster import Student as Listed

    said = "The loss is L1 </pre><script>alert(1)</script> by Kim Minsu."
    code = {"statements": [[7, 1, NAMED]], "of": {"loss": [0]}, "looked_at": {"loss": [[0, 1, 7]]}}
    shown = {"code": {**code, "whole": True}}
    students = [
        Student(f"2023-1000{n}", {"loss.epsilon": said}, 0.0, shown=shown, state=State.FAILED)
        for n in range(3)
    ]
    roster = {s.id: Listed(s.id, "Kim Minsu") for s in students}
    grade(tmp_path / "grades", tmp_path / "in", students, roster=roster)
    with Journal(tmp_path / "grades") as journal:
        publish(journal)
    return tmp_path / "grades"


def test_code_and_sentences_on_the_page_name_nobody(graded: Path) -> None:
    page = (graded / "mistakes.html").read_text("utf-8")
    (code,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert "def forward(self, x, c):" in code
    assert "loss = F.l1_loss(x, c)\n" in code
    for word in ("Minsu", "minsu", "2023-1", "김민수", "Written"):
        assert word not in code
    without_links = re.sub(r"<a [^>]*>.*?</a>", "", page)
    assert "Minsu" not in without_links
    assert "2023-1000" not in without_links


def test_nothing_of_a_students_is_markup(graded: Path) -> None:
    page = (graded / "mistakes.html").read_text("utf-8")
    assert "&lt;script&gt;" in page
    assert not [tag for tag, _ in Tags(page).found if tag == "script"]
    evil = student("2023-00001", lost("loss.epsilon", EVIL), name=EVIL, file=EVIL)
    with Journal(graded) as journal:
        tags = Tags(mistakes_page(journal, book(evil))).found
    assert not [tag for tag, _ in tags if tag in ("script", "img")]
    assert not any(key.startswith("on") for _, found in tags for key in found)


def test_every_link_leads_to_a_page_that_is_there(graded: Path) -> None:
    tags = Tags((graded / "mistakes.html").read_text("utf-8")).found
    links = [found["href"] or "" for tag, found in tags if tag == "a"]
    ids = {found.get("id") for _, found in tags}
    assert len(links) > 3
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (graded / link).is_file(), link
    assert 'href="mistakes.html"' in (graded / "index.html").read_text("utf-8")


def test_a_decision_changes_the_page_at_once(graded: Path) -> None:
    from grader.commands.correct import correct

    before = (graded / "mistakes.html").read_text("utf-8")
    correct(graded, "2023-10001", "loss", 10, "fine", "a TA", accept=False)
    after = (graded / "mistakes.html").read_text("utf-8")
    assert "3 students</summary>" in before
    assert "2 students</summary>" in after


def test_however_long_code_is_little_of_it_is_read() -> None:
    long = "\n".join(f"    x{n} = 1  # note" for n in range(100_000))
    shown = without_comments(long).split("\n")
    assert len(shown) == MOST_SHOWN + 1
    assert shown[0] == "x0 = 1"
    assert MOST_READ < 1000
    assert without_comments('"' * 200_000)  # quotes without end
    assert looked_at("loss", {"looked_at": {"loss": []}}) == ""
    assert looked_at("text_to_image", {}) == ""


def test_the_example_class_has_a_page(tmp_path: Path) -> None:
    """A gradebook as a batch writes it, from results that were read back from JSON."""
    students = [Student("2023-10000", {}), Student("2023-10001", {"loss.epsilon": "L1."})]
    grade(tmp_path / "grades", tmp_path / "in", students)
    with Journal(tmp_path / "grades") as journal:
        gradebook: Gradebook = read_gradebook(journal)
        page = mistakes_page(journal, gradebook, going_on=True)
    assert "Grading goes on" in page
    assert "as a person must still look" in page
    assert RUBRIC.title in page
