"""Shares, masks, code as HTML, words."""

import ast
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.code import judged, judged_code
from grader.batch.decisions import Decision
from grader.intake import Statement as KeptStatement
from grader.report.mask import HIDDEN, Mask
from grader.review.code import coloured, reference_for, statements_for
from grader.review.korean import KOREAN
from grader.review.shares import reviewer_of, sample
from grader.review.words import Words
from tests.batch.fake import evidence
from tests.report.books import entry
from tests.review.room import MEASURED

REVIEW = Path(__file__).resolve().parents[2] / "grader" / "review"
HANGUL = re.compile("[가-힣]")
GROUPS = [f"group {n}" for n in range(300)]


def test_shares_part_the_queue_and_who_joins_moves_only_what_becomes_his() -> None:
    two = {group: reviewer_of(group, ["kim", "lee"]) for group in GROUPS}
    assert 110 < list(two.values()).count("kim") < 190
    three = {group: reviewer_of(group, ["kim", "lee", "park"]) for group in GROUPS}
    assert all(three[group] in (two[group], "park") for group in GROUPS)
    assert reviewer_of("group", []) is None


def test_a_second_look_is_at_a_tenth_of_what_others_decided_the_same_every_time() -> None:
    made = [
        Decision(f"2023-{n:05}", "loss.epsilon", 1.0, "", "kim" if n % 2 else "lee", "now")
        for n in range(400)
    ]
    found = sample(made, "kim")
    assert len(found) == 20
    assert {decision.who for decision in found} == {"lee"}
    assert sample(reversed(made), "kim") == found


def test_a_mask_hides_ids_names_and_files() -> None:
    mine = entry("2023-10000", name="Kim Minsu", file="final 2023.tar.gz")
    other = entry("2023-10001", name="이지우")
    mask = Mask([mine, other], hides=True)
    text = "# 2023-10000 202310001 2023_10002 Kim Minsu minsu 이지우의 final 2023.tar.gz kimono"
    assert re.sub(HIDDEN, "", mask.text(text, mine)).split() == ["#", "의", "kimono"]
    assert Mask([mine], hides=False).text(text, mine) == text


def test_a_mask_hides_the_own_name_in_paths_and_names_of_code() -> None:
    mine, other = entry("2023-10000", name="Kim Minsu"), entry("2023-10001", name="이지우")
    mask = Mask([mine, other], hides=True)
    text = "/home/minsukim/x kim_net MinsuNet kimminsu2023 minsu_loss kimono skim"
    assert re.sub(HIDDEN, "", mask.text(text, mine)).split() == [
        *("/home//x", "_net", "Net", "2023", "_loss", "kimono", "skim")
    ]
    assert mask.text("지우 코드, 지우개", other) == f"{HIDDEN} 코드, {HIDDEN}개"


def test_a_mask_takes_no_longer_where_the_class_is_large() -> None:
    class_ = [
        entry(f"2023-{10000 + n}", name=f"Ann{n} Bee{n}", file=f"work_{n}_final.tar.gz")
        for n in range(2000)
    ]
    mask = Mask(class_, hides=True)
    code = "loss = work_1 * F.mse_loss(x, 2023)  # ann\n" * 1000
    texts = (code, "2023 " * 10_000, "2023-" * 10_000, "work_" * 10_000, "김" * 20_000)
    began = time.process_time()
    for text in texts:
        assert HIDDEN not in mask.text(text, class_[0])
    assert time.process_time() - began < 5
    named = "(2023-11999) Ann7 Bee7의 work_8_final.tar.gz, Bee7 Ann7 Ann77 Bee7"
    assert mask.text(named, None) == f"({HIDDEN}) {HIDDEN}의 {HIDDEN}, Bee7 Ann7 Ann77 Bee7"


@pytest.mark.parametrize(
    "source",
    ["x" * 200_000, "'" * 50_000, "(" * 50_000, "\n" * 50_000, "\\\n" * 20_000, "\n " * 14_000],
)
def test_any_text_becomes_lines_of_html_in_little_time(source: str) -> None:
    began = time.perf_counter()
    lines = coloured(source)
    assert time.perf_counter() - began < 20
    assert all(len(line) < 20_000 for line in lines)


def test_code_is_escaped_and_its_lines_are_those_of_the_cell() -> None:
    code = {
        "statements": [[9, 4, "def beta_schedule():\n    return '<b>'"]],
        "of": {"beta_schedule": [0]},
        "looked_at": {"beta_schedule": [[0, 0, 0]]},
    }
    (statement,) = statements_for("beta_schedule", code, ["Cell 9, line 5: ValueError"])
    assert [(line.number, line.wrong) for line in statement.lines] == [(4, False), (5, True)]
    assert "<b>" not in statement.lines[1].html
    assert "&lt;b&gt;" in statement.lines[1].html


def test_the_method_that_is_judged_is_marked() -> None:
    source = "class DDPM:\n    def forward(self):\n        pass\n\n    @no_grad\n    def sample(self):\n        pass"
    code = judged_code([KeptStatement(1, 1, source, ("DDPM",))], judged())
    for item, lines in (("loss", [2, 3]), ("sampling", [5, 6, 7])):
        (statement,) = statements_for(item, code, [])
        assert statement.main
        assert [line.number for line in statement.lines if line.looked_at] == lines


def test_the_reference_s_answer_is_there_for_all_code() -> None:
    for item in ("beta_schedule", "schedule_parameters", "loss", "sampling"):
        assert len(reference_for(item)) > 5
    assert reference_for("image_quality") == []


def test_every_word_of_the_templates_has_a_korean_one() -> None:
    used = set()
    for path in (REVIEW / "templates").glob("*.html"):
        used |= set(re.findall(r'_\("([^"]+)"\)', path.read_text("utf-8")))
    used |= {*MEASURED, "steps", "mean", "noise", "last step"}
    assert used - set(KOREAN) == set()
    assert Words("ko")("Accept") == "인정"
    assert Words("en")("Accept") == "Accept"


def test_why_something_is_not_kept_has_an_id() -> None:
    """All that handlers and what they call may say to who uses the page."""
    batch = REVIEW.parent / "batch"
    said = []
    for path in (*REVIEW.glob("*.py"), batch / "deciding.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "UsageError":
                said += [ast.unparse(given) for given in node.args]
    assert len(said) > 15
    never = ("The ports", "There is no gradebook", "{target} takes", "Nothing is in doubt")
    for text in said:
        assert text.startswith(("say(", "unknown(")) or text[1:].strip("'\"").startswith(never)


def test_a_decision_that_must_be_looked_at_again_says_so_in_korean() -> None:
    (loss,) = [item for item in entry("x", evidence()).items if item.id == "loss"]
    targets = ("loss", "loss.epsilon", "image_quality.clear_digits 7")
    for sha256, points in (("1" * 64, 3.0), ("", 3.0), ("1" * 64, None)):
        old = [Decision("x", t, points, "", "ta", "now", sha256) for t in targets]
        for doubt in replace(loss, outlived=old).doubts:
            korean = Words("ko").sentence(doubt)
            assert HANGUL.search(korean), doubt
            assert "corrected" not in korean
            assert "--withdraw" in korean
    exceeds = replace(loss, decision=old[0], points=7.0, max_points=5.0)
    assert Words("ko").sentence(exceeds.doubts[0]) == "7점을 주었으나 이제 5점짜리입니다."
