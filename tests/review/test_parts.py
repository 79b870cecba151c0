"""Shares, masks, code as HTML, words."""

import ast
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.code import judged, judged_code
from grader.batch.deciding import ALONE, UNJUDGED
from grader.batch.decisions import Decision
from grader.intake import Statement as KeptStatement
from grader.messages.message import gaps
from grader.report.mask import HIDDEN, Mask
from grader.review.code import coloured, reference_for, statements_for
from grader.review.korean import KOREAN, TOLD
from grader.review.korean import MEASURED as MEASURED_TEXTS
from grader.review.korean_notes import NOTES
from grader.review.shares import reviewer_of, sample
from grader.review.words import LONGEST, Words
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


def test_why_something_is_not_kept_has_a_korean_sentence() -> None:
    """Every sentence that the handlers and what they call may say, with X for what is filled in."""
    batch = REVIEW.parent / "batch"
    never = ("The ports", "There is no gradebook", "X takes points", "Nothing is in doubt")
    said = []
    for path in (*REVIEW.glob("*.py"), batch / "deciding.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "UsageError":
                said += [text for text in map(_filled, node.args) if text]
    assert len(said) > 15
    for text in {*said, *map(_gaps, (UNJUDGED, ALONE))}:
        if not text.startswith(never):
            assert Words("ko").told(text) != text, text
    for english, korean in {**TOLD, **MEASURED_TEXTS}.items():
        assert gaps(english) == gaps(korean)


@pytest.mark.parametrize(
    "text",
    [
        "276 of 276, from t = 276 to 1",
        "that of the posterior at all 111 steps",
        "off at 3 of 288 steps, t = 1, 2, 9: x_t counts 2 times what is right; the predicted image "
        "counts 0.5 to 3 times what is right; a constant of up to 0.3 is added",
        "of another variance at 9 of 288 steps, t = 1 to 9: 0 times beta_t",
        "of variance beta_t at all 107 steps",
        "0 of x_t and 1 of the predicted image (right: 0 and 1), no noise",
        "2 times the mean absolute difference (L1) between the prediction and the noisy image x_t",
        "the Huber distance with its bend at 0.5 between the prediction and the noise",
        "the mean squared difference between the prediction and the image, each image with a "
        "weight of its own: from 0 at t = 1 to 3 at t = 9",
        "by its gradient the mean squared difference between the prediction and the noise, by its "
        "value not",
        "no distance to noise, image or x_t that the grader knows; the gradient of the nearest one "
        "agrees to 60%",
    ],
)
def test_what_was_measured_is_korean_where_the_page_is(text: str) -> None:
    korean = Words("ko").measured(text)
    left = re.sub(r"x_t|beta_t|t(?= =)|L1|Huber", "", korean)
    assert not re.search("[A-Za-z]", left), korean
    assert sorted(re.findall(r"\d+", korean)) == sorted(re.findall(r"\d+", text))
    assert Words("en").measured(text) == text


def test_a_hostile_measure_is_shown_in_little_time() -> None:
    began = time.perf_counter()
    for text in ("; ".join(["off at "] * 500), "the between the prediction and " * 30, ": " * 490):
        Words("ko").measured(text)
    assert time.perf_counter() - began < 20


def test_what_is_told_of_pictures_has_a_korean_sentence() -> None:
    korean = Words("ko")
    for text in ("guidance 8, steps 40, seed 1", "of one colour: cell 9"):
        assert HANGUL.search(korean.note(text))
    for english, text in NOTES.items():
        assert gaps(english) == gaps(text), text
        assert korean.note(english.replace("{", "").replace("}", "")) != english, english


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


def test_a_hostile_note_is_translated_in_little_time() -> None:
    began = time.perf_counter()
    for part in ("guidance ", ", steps ", ": "):
        Words("ko").note((part * 200)[:LONGEST])
        Words("ko").note((part * 200)[: LONGEST - 1] + ".")
    assert time.perf_counter() - began < 30


def _filled(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(str(v.value) if isinstance(v, ast.Constant) else "X" for v in node.values)


def _gaps(template: str) -> str:
    return re.sub(r"\{[^}]*\}", "X", template)
