"""The self-check speaks Korean: its own words, and what checks and flags say."""

import ast
import io
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from grader.kit.catalogue import compiled
from grader.messages.message import say
from grader.paths import PACKAGE
from grader.selfcheck import words
from grader.selfcheck.words import Words

CATALOGUE = PACKAGE / "selfcheck" / "locale" / "ko" / "LC_MESSAGES" / "selfcheck.po"
LOOKS = ("checks/image_quality", "checks/text_to_image", "checks/trained_setting")
OWN = ("selfcheck/lines", "selfcheck/command", "pipeline", *LOOKS)
"""Whose own words the catalogue holds, besides what checks and flags say."""


@pytest.fixture
def korean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    target = tmp_path / "ko" / "LC_MESSAGES"
    target.mkdir(parents=True)
    (target / "selfcheck.mo").write_bytes(compiled(CATALOGUE))
    monkeypatch.setattr(words, "CATALOGUES", tmp_path)
    return Words("ko")


def own_words() -> set[str]:
    """What the program says by itself, and the stages that it shows."""
    found = set()
    for name in OWN:
        for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in ("words", "progress"):
                found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
            if isinstance(called, ast.Name) and called.id == "Looking" and name in LOOKS:
                found.add(node.args[1].value)
    return {text for text in found if isinstance(text, str)} - {"unpacking"}


def test_the_program_s_own_words_are_translated_and_nothing_else() -> None:
    catalogue = read_po(io.BytesIO(CATALOGUE.read_bytes()))
    held = {str(message.id): str(message.string) for message in catalogue if message.id}
    trees = [ast.parse((PACKAGE / f"{name}.py").read_text("utf-8")) for name in OWN]
    written = {n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert own_words() <= set(held) <= written
    for text, said in held.items():
        assert re.search("[가-힣]", said), text
        assert sorted(re.findall(r"\{\w*\}", text)) == sorted(re.findall(r"\{\w*\}", said)), text


def test_what_checks_say_is_said_in_korean(korean: Words) -> None:
    reason = say("beta_schedule.count", count=7, T=16)
    said = say("beta_schedule.wrong", schedule="cosine", reason=reason)
    assert (
        korean.sentence(said) == "cosine 스케줄이 맞지 않습니다: T = 16인데 값 7개를 반환했습니다."
    )
    assert korean("counting clear digits") == "또렷한 숫자를 세는 중"


def test_a_sentence_without_an_id_stays_as_it_is(korean: Words) -> None:
    assert korean.sentence("Nobody has translated this.") == "Nobody has translated this."


def test_english_is_said_as_it_is() -> None:
    said = say("setting.missing", name="model_final.pth")
    assert Words("en").sentence(said) == "There is no model_final.pth."
