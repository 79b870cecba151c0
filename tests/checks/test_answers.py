"""Answers are read once; what no probe gives is refused there."""

from typing import Any

import numpy as np
import pytest

from grader.arrays import Array
from grader.checks.answers import (
    LossAnswer,
    Malformed,
    SamplingAnswer,
    ScheduleAnswer,
    ToldAnswer,
)
from grader.sandbox import Outcome, Status

IMAGES, STEPS = 20, 3
LOSS: dict[str, Array] = {
    "x": np.full((20, 784), 4, np.uint8),
    "c": np.arange(20) % 10,
    "calls": np.ones(2, np.int64),
    "loss": np.ones(2),
    "x_t": np.zeros((20, 784), np.float32),
    "answer": np.full((20, 784), 16, np.int8),
    "gradient": np.zeros((20, 784), np.float32),
    "slot/t": np.arange(20)[:, None] / 2,
    "schedule/beta_t": np.linspace(0.1, 0.2, 5),
}
LOSS_FACTS: dict[str, Any] = {"differentiable": True, "returned": "Tensor", "size": 1}
AT = np.stack(np.meshgrid(np.arange(STEPS), np.arange(IMAGES), [0], indexing="ij"), -1)
SAMPLING: dict[str, Array] = {
    "result": np.zeros((IMAGES, 784), np.float32),
    "batch": np.full(STEPS, IMAGES),
    "at": AT.reshape(-1, 3),
    "steps": np.tile([IMAGES, 1], (STEPS, 1)),
    "sums": np.zeros((STEPS - 1, 6, 6)),
    "moments": np.zeros(0),
    "kept": np.zeros((STEPS * IMAGES, 8)),
    "bits": np.zeros((STEPS * IMAGES, 2, 8), np.uint8),
    "subset": np.arange(8),
    "state/2": np.zeros((IMAGES, 784)),
    "image0/2": np.zeros((IMAGES, 784), np.uint8),
}
STORE = {"shape": [], "frames": 0, "different": 0, "readable": True, "likeness": None}
SAMPLING_FACTS: dict[str, Any] = {"network_calls": STEPS, "store": STORE}


def test_a_loss_is_read() -> None:
    answer = LossAnswer.read(Outcome(Status.ok, arrays=LOSS, facts=LOSS_FACTS))
    assert answer.x[0, 0] == 1
    assert answer.answer[0, 0] == 0.5
    assert answer.slots["t"].count == 20
    assert answer.schedule["beta_t"].shape == (5,)


def test_a_loss_without_a_call_of_the_network_is_read() -> None:
    arrays = {name: LOSS[name] for name in ("x", "c", "calls", "loss")}
    assert not len(LossAnswer.read(Outcome(Status.ok, arrays=arrays, facts=LOSS_FACTS)).x_t)


@pytest.mark.parametrize("name", ["x", "c", "calls", "loss", "answer"])
def test_a_loss_without_a_part_is_refused(name: str) -> None:
    arrays = {key: array for key, array in LOSS.items() if key != name}
    with pytest.raises(Malformed):
        LossAnswer.read(Outcome(Status.ok, arrays=arrays, facts=LOSS_FACTS))


@pytest.mark.parametrize(
    "facts", [{}, {**LOSS_FACTS, "size": "1"}, {**LOSS_FACTS, "own_error": 1}, {"missing": 1}]
)
def test_other_facts_are_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        LossAnswer.read(Outcome(Status.ok, arrays=LOSS, facts=facts))


@pytest.mark.parametrize("kind", [LossAnswer, SamplingAnswer, ToldAnswer])
@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Status.error, "what happened"),
        Outcome(Status.ok, facts={"missing": "DDPM"}),
        Outcome(Status.ok, facts={"interface": "DDPM()"}),
    ],
)
def test_where_nothing_was_measured_all_is_empty(
    kind: type[LossAnswer | SamplingAnswer | ToldAnswer], outcome: Outcome
) -> None:
    answer = kind.read(outcome)
    assert answer.ended is outcome
    assert not answer.slots
    assert answer.missing == outcome.facts.get("missing")


def test_samples_are_read() -> None:
    answer = SamplingAnswer.read(Outcome(Status.ok, arrays=SAMPLING, facts=SAMPLING_FACTS))
    assert answer.sampled
    assert list(answer.states) == [2]
    assert answer.store is not None


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("at", np.add(AT.reshape(-1, 3), [STEPS, 0, 0])),
        ("at", np.add(AT.reshape(-1, 3), [0, 0, 1])),
        ("at", AT.reshape(-1, 3) - [1, 0, 0]),
        ("at", np.zeros((0, 3), np.int64)),
        ("steps", np.zeros((STEPS, 3), np.int64)),
        ("result", np.zeros(784)),
        ("state/x", np.zeros((IMAGES, 784))),
        ("state/1", np.zeros(784)),
    ],
)
def test_forged_samples_are_refused(name: str, forged: Array) -> None:
    arrays = {**SAMPLING, name: forged}
    with pytest.raises(Malformed):
        SamplingAnswer.read(Outcome(Status.ok, arrays=arrays, facts=SAMPLING_FACTS))


@pytest.mark.parametrize("store", [None, {}, {**STORE, "more": 1}, []])
def test_a_forged_store_is_refused(store: Any) -> None:
    facts = {**SAMPLING_FACTS, "store": store}
    with pytest.raises(Malformed):
        SamplingAnswer.read(Outcome(Status.ok, arrays=SAMPLING, facts=facts))


def test_schedules_are_read_by_case() -> None:
    arrays = {"0/beta_t": np.ones(3), "10/beta_t": np.ones(4), "own/1": np.ones(2)}
    answer = ScheduleAnswer.read(Outcome(Status.ok, arrays=arrays), 2)
    assert [list(case) for case in answer.cases] == [["beta_t"], []]
    assert answer.returned == "NoneType"
    assert answer.own_betas[0] is None
    with pytest.raises(Malformed):
        ScheduleAnswer.read(Outcome(Status.ok, arrays={"0/beta_t": np.ones((3, 1))}), 1)
