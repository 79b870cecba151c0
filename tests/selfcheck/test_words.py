"""Every sentence that a check can say is there in Korean."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.kit.catalogue import compiled
from grader.paths import PACKAGE
from grader.selfcheck import words
from grader.selfcheck.words import Words, pattern_of

CATALOGUE = PACKAGE / "selfcheck" / "locale" / "ko" / "LC_MESSAGES" / "selfcheck.po"
HANGUL = re.compile("[가-힣]")


@pytest.fixture
def korean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    target = tmp_path / "ko" / "LC_MESSAGES"
    target.mkdir(parents=True)
    (target / "selfcheck.mo").write_bytes(compiled(CATALOGUE))
    monkeypatch.setattr(words, "CATALOGUES", tmp_path)
    return Words("ko")


SAYING = (
    *("checks/*", "digits/choose"),
    *("intake/identify", "intake/notebook", "intake/source", "intake/unread"),
    "settings/pictures",
)
"""Whose sentences a student may come to see; and those of the probe that opens pictures."""
NEVER = ("The submission carries", "7: ")
"""A flag that is not shown, and what a TA is told of single pictures."""


def sentences() -> Iterator[str]:
    """Strings there that are sentences, with 7 for what is filled in."""
    files = (path for room in (*SAYING, "probes/pictures") for path in PACKAGE.glob(f"{room}.py"))
    for path in sorted(files):
        tree = ast.parse(path.read_text("utf-8"))
        inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            text = ""
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(v.value) if isinstance(v, ast.Constant) else "7" for v in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value if id(node) not in inside | docs else ""
            if re.match(r"^ ?[A-Zx7s].* .*\.$", text) and not text.startswith(NEVER):
                text = re.sub(r"(?<=[p)])7\.", ".", text)  # what may be empty, and is here
                yield re.sub(r"7 (?=[A-Z])", "7. ", text.strip())


def test_every_sentence_of_the_checks_is_translated(korean: Words) -> None:
    found = sorted(set(sentences()))
    assert len(found) > 90
    assert [text for text in found if not HANGUL.search(korean.sentence(text))] == []


def test_numbers_and_names_are_kept(korean: Words) -> None:
    text = "The cosine schedule is not right: it returned 7 values for T = 16."
    assert (
        korean.sentence(text) == "cosine 스케줄이 맞지 않습니다: T = 16인데 값 7개를 반환했습니다."
    )


@pytest.mark.parametrize(
    ("english", "said"),
    [
        (
            "gif_final.gif cannot be read: The picture is empty. A person must look.",
            "gif_final.gif 파일을 읽을 수 없습니다: 그림이 비어 있습니다. 사람이 확인해야 합니다.",
        ),
        (
            "The cell that defines DDPM raised an error: NameError: name 'nn' is not defined",
            "DDPM을(를) 정의하는 셀에서 오류가 났습니다: NameError: name 'nn' is not defined",
        ),
        ("cell 3 has a syntax error in line 1.", "3번 셀 1번째 줄에 문법 오류가 있습니다."),
        (
            "Cell 4 defines DDPM in a raw cell, which is not run. A TA will look at it.",
            "4번 셀에 DDPM 정의가 있지만, Raw 셀 안에 있어 실행되지 않습니다. 조교가 확인합니다.",
        ),
        (
            "Cell 9 defines DDPM, too, and is left out: a cell further up that was run later "
            "defines the same. A TA will look at it.",
            "9번 셀에도 DDPM 정의가 있지만 사용하지 않습니다: 같은 것을 정의하는 더 위의 셀이 나중에 "
            "실행되었습니다. 조교가 확인합니다.",
        ),
        (
            "results_a and results_b hold the same weights.",
            "results_a과(와) results_b에 같은 가중치이(가) 있습니다.",
        ),
    ],
)
def test_what_stands_in_a_gap_is_a_whole(korean: Words, english: str, said: str) -> None:
    assert korean.sentence(english) == said


def test_what_is_not_known_stays_english(korean: Words) -> None:
    assert korean.sentence("Nobody has translated this.") == "Nobody has translated this."


def test_english_is_said_as_it_is() -> None:
    assert Words("en").sentence("There is no model_final.pth.") == "There is no model_final.pth."


def test_gaps_take_anything_but_nothing() -> None:
    pattern = pattern_of("There is no {name}.")
    assert pattern.fullmatch("There is no GIF.")
    assert not pattern.fullmatch("There is no .")
