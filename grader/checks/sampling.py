"""Item ``sampling``: the reverse process of ``DDPM.sample``, for both prediction types.

The network is an oracle for a known image, a new one at every call. Each step x_t -> x_{t-1} is
then a linear function of x_t and that image plus noise, whatever way it is written, and its
coefficients and variance can be measured (Ho et al. 2020, eq. 6, 7 and 11).
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeVar

import numpy as np

from grader.assignment import DATA_SPACES, PREDICTIONS
from grader.checks.answers import SamplingAnswer
from grader.checks.items import Item, Known, Spaces
from grader.checks.measuring.alternatives import (
    Group,
    Method,
    Result,
    Training,
    Try,
    examine_predictions,
)
from grader.checks.measuring.chain import Chain, read_chain
from grader.checks.measuring.guidance import labels_problem
from grader.checks.measuring.reverse_process import judge_steps, judge_with_one_image
from grader.checks.measuring.sample_call import (
    in_one_vector,
    runs_backward,
    sorted_at_the_end,
    start_problem,
    store_problem,
    told_problem,
)
from grader.checks.measuring.slots import IN_ONE_VECTOR
from grader.checks.own_network import own_network_error
from grader.checks.sampling_questions import N_SAMPLE, Asked, Question, Questions
from grader.checks.verdict import Verdict, failed, missing, needs_review, not_run, skipped
from grader.errors import NotRecorded
from grader.messages.message import Message, say
from grader.sandbox import Status, derived
from grader.states import State

ITEM = "sampling"
Judged = TypeVar("Judged", Verdict, Verdict | None)
OTHER_SPACES = [Training(scale, shift) for scale, shift in DATA_SPACES]
"""Where forward is wrong, nothing says in which space the network lives."""


def examine(known: Known) -> list[Verdict]:
    """A verdict a prediction type."""
    questions = Questions(known.session, derived(known.seed, "training"))

    def tries(prediction: str, group: Group) -> list[Try]:
        shown = known.trainings.get((prediction, group[0].schedule), Training())
        if shown.in_use is not None and shown.known:
            return [Try(prediction, shown.in_use, shown)]  # sampling must use it as training does
        return [Try(prediction, in_use, other) for in_use in group for other in OTHER_SPACES]

    def judge_try(one: Try, answer: SamplingAnswer, asked: Asked) -> Result:
        return judged(asked.question, lambda: judge(answer, asked, known.spaces)), one.training

    def conclude(one: Try, answer: SamplingAnswer, asked: Asked, result: Result) -> Result:
        verdict, training = result
        question = asked.question
        if verdict.state is State.FAILED and answer.sampled:
            found = judged(question, lambda: recognise_solver(questions, asked))
            verdict = replace(found, measured=verdict.measured) if found else verdict
        in_use = question.in_use
        details = {
            "schedule": in_use.schedule,
            "stand_in": in_use.stand_in,
            "T": question.case.T,
            **verdict.details,
        }
        return replace(verdict, details=details), training

    method = Method(tries, questions.samples, judge_try, conclude)
    return examine_predictions(known.schedules(), method)[0]


def judged(question: Question, judge: Callable[[], Judged]) -> Judged | Verdict:
    """What ``judge`` says; that only the grader can tell if its answers are not to be had here."""
    try:
        return judge()
    except NotRecorded:
        text = say("sampling.not_recorded")
        return skipped(f"{ITEM}.{question.prediction}", text)


def recognise_solver(questions: Questions, asked: Asked) -> Verdict | None:
    """``needs_review`` if a sampler that is not DDPM's is right in itself all the same."""
    question = asked.question
    answer = questions.ask(question, N_SAMPLE, fresh=False)
    if answer.store is None:
        return None
    finite = all(np.all(np.isfinite(numbers)) for numbers in (answer.result, answer.sums))
    if not finite or told_problem(answer):
        return None
    chain = read(answer, asked)
    if isinstance(chain, Message) or start_problem(chain) is not None:
        return None
    if labels_problem(chain, question.training.classes) is not None:
        return None
    check = f"{ITEM}.{question.prediction}"
    found = judge_with_one_image(check, chain, question.steps, question.training)
    return found if found is None or store_problem(answer.store, N_SAMPLE) is None else None


def read(answer: SamplingAnswer, asked: Asked) -> Chain | Message:
    question = asked.question
    return read_chain(answer, question.case.T, asked.clock, question.training.classes)


def judge(answer: SamplingAnswer, asked: Asked, spaces: Spaces = frozenset) -> Verdict:
    """The verdict on one prediction type under one schedule, from what was answered."""
    question = asked.question
    check = f"{ITEM}.{question.prediction}"
    if (verdict := interface_verdict(check, answer, question.prediction)) is not None:
        return verdict
    training, in_one = question.training, in_one_vector(answer)
    problem = None if in_one else told_problem(answer)
    if problem is None and not np.all(np.isfinite(answer.result)):
        problem = say("sampling.not_numbers")
    if problem is None and not np.all(np.isfinite(answer.sums)):
        problem = say("sampling.grows")
    if problem is not None:
        return failed(check, problem)
    chain = read(answer, asked)
    if isinstance(chain, Message):
        return failed(check, chain)
    labels = None if in_one else labels_problem(chain, training.classes)
    if labels is not None:
        text, doubt = labels
        if sorted_at_the_end(chain):
            text = say("sampling.sorted_classes")
            return needs_review(check, text)
        return (needs_review if doubt else failed)(check, text)
    if chain.answers > 2:
        text = say("sampling.several_answers")
        return needs_review(check, text, answers=chain.answers)
    if (problem := start_problem(chain)) is not None:
        return failed(check, problem)
    verdict = judge_steps(check, chain, question.steps, training, spaces)
    if verdict.right and (other := beside_the_steps(check, answer, in_one)) is not None:
        return replace(other, measured=verdict.measured)
    return verdict


def beside_the_steps(check: str, answer: SamplingAnswer, in_one: bool) -> Verdict | None:
    """What is wrong or doubtful where every step is right."""
    store = answer.store
    assert store is not None
    if (problem := store_problem(store, len(answer.result))) is not None:
        return failed(check, problem, **asdict(store))
    if in_one:
        return needs_review(check, IN_ONE_VECTOR)
    if answer.by_chance:
        return needs_review(check, say("sampling.network_by_chance"))
    if runs_backward(store.likeness):
        text = say("sampling.frames_backward")
        return needs_review(check, text)
    return None


def interface_verdict(check: str, answer: SamplingAnswer, prediction: str) -> Verdict | None:
    """The verdict if there is nothing to measure; None if there is."""
    what = say("run.of_sample", prediction=prediction)
    if answer.ended.status is not Status.ok:
        return not_run(check, what, answer.ended)
    if answer.missing is not None:
        return missing(check, say("sampling.not_implemented", prediction=prediction))
    if answer.interface is not None:
        text = say("sampling.cannot_be_called")
        return needs_review(check, text, fraction=0, interface=answer.interface)
    if (verdict := own_network_error(check, what, answer)) is not None:
        return verdict
    if answer.returned is not None:
        text = say("sampling.not_a_tensor")
        return failed(check, text, returned=answer.returned, shape=answer.returned_shape)
    return None


ITEMS = (
    Item(
        ITEM,
        PREDICTIONS,
        {"en": "Sampling", "ko": "샘플링"},
        notebook="2-1",
        target="DDPM",
        method="sample",
        examine=examine,
        order=4,
    ),
)
