"""The catalogues hold every id that the code says, in both languages, with the same gaps."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from grader.batch.evidence import verdicts_from, verdicts_json
from grader.checks.items import known_items
from grader.checks.verdict import Verdict, failed
from grader.messages.message import (
    LANGUAGES,
    Message,
    gaps,
    messages_in,
    parts_of,
    said_by_probe,
    said_in,
    say,
    sentence,
    templates,
    together,
)
from grader.messages.particles import with_particle
from grader.paths import PACKAGE
from grader.results import Flag, State, flags_json
from grader.sandbox.noticed import noticed_in_words
from grader.text_to_image.shots import Look

HANGUL = re.compile("[가-힣]")
LETTERS = re.compile("[a-z]")
GAP = re.compile(r"\{[^}]*\}")
ID = re.compile(r"[a-z_]+\.[a-z0-9_]+")


def constants() -> Iterator[tuple[Path, str]]:
    """Every text that stands in the package's code by itself, and in which file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value
    for path in sorted(PACKAGE.rglob("*.html")):
        for text in re.findall(r'"([a-z_]+\.[a-z0-9_]+)"', path.read_text("utf-8")):
            yield path, text


def said_in_code() -> Iterator[tuple[str, set[str] | None]]:
    """Every id that ``say`` is called with, and the names of its values where they are written
    out."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (
                isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args
            ):
                continue
            names = [keyword.arg for keyword in node.keywords]
            for one in ast.walk(node.args[0]):
                if isinstance(one, ast.Constant) and ID.fullmatch(str(one.value)):
                    yield str(one.value), None if None in names else {str(n) for n in names}


def test_the_code_says_nothing_that_the_catalogue_does_not_hold() -> None:
    assert {id for id, _ in said_in_code()} <= set(templates("en"))


def test_the_catalogue_holds_nothing_that_the_code_does_not_say() -> None:
    states = {f"state.{state}" for state in [*State, "graded", "person", "rejected"]}
    checks = {check for item in known_items().values() for check in item.checks}
    titles = {f"title.{check}" for check in checks}
    looks = {f"look.{look.name.lower()}" for look in Look}
    assert set(templates("en")) <= {text for _, text in constants()} | states | titles | looks


def test_what_probes_answer_is_in_the_catalogue() -> None:
    """They import nothing of ours, so that ``say`` does not tell."""
    rooms = ("picture.", "checkpoint.", "trial.")
    told = {text for path, text in constants() if path.parent.name == "probes"}
    ids = {text for text in told if text.startswith(rooms)}
    assert len(ids) > 20
    assert ids <= set(templates("en"))


SAYS = {"Flag", "passed", "failed", "partial", "missing", "needs_review", "skipped", "not_judged"}
SAYS |= {"Verdict", "CheckResult", "InfraError", "TooMuch", "Rejected"}


def test_nothing_is_judged_in_a_sentence_without_an_id() -> None:
    """Only what is quoted of the student's, or of Python's, is a text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS):
                continue
            for given in node.args:
                written = ast.JoinedStr | ast.Constant
                text = ast.unparse(given) if isinstance(given, written) else ""
                assert " " not in text, (path, text)


def test_every_gap_is_filled() -> None:
    for id, names in said_in_code():
        assert names is None or names == gaps(templates("en")[id]), id


def test_every_message_is_there_in_korean_with_the_same_gaps() -> None:
    english, korean = (templates(language) for language in LANGUAGES)
    assert set(english) == set(korean)
    for id, text in korean.items():
        assert HANGUL.search(text) or not LETTERS.search(GAP.sub("", english[id])), id
        assert gaps(text) == gaps(english[id]), id


def test_every_message_can_be_said_in_both_languages() -> None:
    for language in LANGUAGES:
        for id, text in templates(language).items():
            kinds = {name: spec or "" for _, name, spec, _ in Formatter().parse(text) if name}
            values = {name: 7 if spec[-1:] in ("f", "g") else "것" for name, spec in kinds.items()}
            assert "{" not in (sentence(Message(id, values), language) or "{"), id
            opened = Message(id, dict.fromkeys(values, "…"))  # as groups of doubts are named
            assert sentence(opened, language), id


def test_an_id_that_is_not_in_the_catalogue_cannot_be_said() -> None:
    with pytest.raises(KeyError):
        say("loss.nothing_of_the_kind")


def test_a_message_may_hold_others() -> None:
    reason = say("beta_schedule.count", count=7, T=16)
    said = say("beta_schedule.wrong", schedule="cosine", reason=reason)
    assert sentence(said) == "The cosine schedule is not right: it returned 7 values for T = 16."
    assert (
        sentence(said, "ko") == "cosine 스케줄이 맞지 않습니다: T = 16인데 값 7개를 반환했습니다."
    )
    assert Message.from_json(said.to_json()) == said


def test_what_is_quoted_is_filled_in_as_it_is() -> None:
    said = say("run.raised", what="DDPM.forward", message="KeyError: '{what}'")
    assert sentence(said) == "DDPM.forward raised an error: KeyError: '{what}'"


def test_what_is_quoted_is_made_safe() -> None:
    verdict = failed("loss.epsilon", say("run.raised", what="x", message="\x1b[31mred\u202e"))
    assert verdict.message == "x raised an error: red"
    assert isinstance(verdict.said, Message)
    assert verdict.said.values["message"] == "red"


@pytest.mark.parametrize(
    ("text", "particle", "said"),
    [
        ("셀", "이", "셀이"),
        ("노이즈", "이", "노이즈가"),
        ("가중치", "을", "가중치를"),
        ("이상", "으로", "이상으로"),
        ("이하", "으로", "이하로"),
        ("픽셀", "으로", "픽셀로"),
        ("7", "으로", "7로"),
        ("3", "과", "3과"),
        ("DDPM", "을", "DDPM을"),
        ("ddpm_schedules", "을", "ddpm_schedules를"),
        ("DDPM.forward(x='sample')", "이", "DDPM.forward(x='sample')이"),
        ("ContextUnet", "을", "ContextUnet을"),
        ("linear", "은", "linear는"),
        ("cosine", "은", "cosine은"),
        ("beta_schedule", "을", "beta_schedule을"),
        ("tensor", "으로", "tensor로"),
        ("results.zip", "을", "results.zip을"),
        ("image_final.png", "을", "image_final.png를"),
        ("r", "이", "r이"),
        ("", "은", "는"),
    ],
)
def test_particles_follow_the_last_syllable(text: str, particle: str, said: str) -> None:
    assert with_particle(text, particle) == said


def test_journals_keep_ids_and_values() -> None:
    verdict = failed("loss.epsilon", say("loss.never_trained", T=61, steps="1, 2"))
    told = say("measured.distance", distance=say("measured.squared"), target="x")
    verdict = replace(verdict, measured={"loss": "1.2, 1.3", "this is": told})
    assert verdicts_from(verdicts_json([verdict])) == [verdict]


def test_journals_without_ids_are_read() -> None:
    old = (
        '[{"check": "loss.epsilon", "state": "failed", "fraction": 0.0, "message": "It is wrong.",'
        ' "details": {}, "measured": {"gradient": "none"}}]'
    )
    verdict = Verdict("loss.epsilon", State.FAILED, 0.0, "It is wrong.")
    assert verdicts_from(old) == [replace(verdict, measured={"gradient": "none"})]


def test_journals_with_an_id_that_is_gone_keep_their_sentence() -> None:
    verdict = Verdict("loss.epsilon", State.FAILED, 0.0, say("loss.l1"))
    text = verdicts_json([verdict]).replace('"loss.l1"', '"loss.gone"')
    assert verdicts_from(text) == [replace(verdict, said=verdict.message)]


def test_results_are_read_with_their_ids_and_said_in_either_language() -> None:
    flag = Flag("rejected", say("archive.opened", name="a.tar.gz"))
    (record,) = flags_json([flag])
    assert record["message"] == "a.tar.gz was opened."
    assert said_in(record) == flag.said
    assert sentence(said_in(record), "ko") == "a.tar.gz의 압축을 풀었습니다."


@pytest.mark.parametrize(
    "of_another_version",
    [
        {},
        {"message_id": None, "values": {}},
        {"message_id": "archive.gone", "values": {}},
        {"message_id": "archive.opened", "values": {"file": "a"}},
        {"message_id": "archive.opened", "values": None},
        {"message_id": ["archive.opened"], "values": {"name": "a"}},
        {"message_id": "archive.opened", "values": {"name": {"id": "archive.gone", "values": {}}}},
    ],
)
def test_what_cannot_be_said_any_more_keeps_its_sentence(of_another_version: Any) -> None:
    said = said_in({"message": "As it was.", **of_another_version})
    assert [sentence(said, language) for language in LANGUAGES] == ["As it was.", "As it was."]


def test_sentences_stand_together_and_come_apart() -> None:
    first, last = say("loss.l1"), say("run.review")
    said = together(first, "", "By hand.", last)
    assert list(parts_of(said)) == [first, "By hand.", last]
    assert sentence(said) == f"{sentence(first)} By hand. A TA will review this."
    assert together("", "") == ""
    assert together(first) is first
    assert list(parts_of("")) == []
    assert {first, last} < set(messages_in(said))


def test_a_sentence_inside_of_another_one_has_no_full_stop() -> None:
    said = say("run.doubtful", what="loss", reason=say("sandbox.lost"))
    assert sentence(said).startswith(
        "loss could not be judged: The kernel's answer was lost twice. "
    )


def test_what_a_probe_answers_is_read_without_trust() -> None:
    facts = {"problem": "picture.too_many_frames", "values": {"frames": 3000}}
    assert sentence(said_by_probe(facts)) == "The animation has 3000 pictures, which is too many."
    assert said_by_probe({"frames": 1}) == ""
    for forged in ({"problem": 7}, {"problem": "picture.empty ", "values": {}}, {"problem": []}):
        assert said_by_probe(forged) == ""


def test_tampering_is_told_in_both_languages() -> None:
    does = noticed_in_words({"traces all calls", "changes the module numpy", "does what is new"})
    said = say("tampering.flag", what=does)
    assert sentence(said) == (
        "The code changes the module numpy; does what is new; traces all calls."
    )
    assert "모든 호출을 추적합니다" in sentence(said, "ko")


def test_all_that_a_kernel_notices_is_known() -> None:
    guard = ast.parse((PACKAGE / "probes" / "guard.py").read_text("utf-8"))
    (events,) = [
        node.value
        for node in guard.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EVENTS"
    ]
    told = {
        node.value
        for node in ast.walk(events)
        if isinstance(node, ast.Constant) and " " in str(node.value)
    }
    assert len(told) > 6
    assert all(isinstance(noticed_in_words([text]), Message) for text in map(str, told))
