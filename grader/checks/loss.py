"""Item ``loss``: what ``DDPM.forward`` trains on, for epsilon and for sample prediction.

The network is replaced by one that records its inputs and answers at random. From x_t, the known x
and the schedule follow, without touching the student's random numbers, which t each image got,
which noise is in it, and so which loss and which gradient are right (Ho et al. 2020, alg. 1).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grader.arrays import Array
from grader.assignment import PREDICTIONS
from grader.checks.answers import LossAnswer
from grader.checks.items import Item, Known
from grader.checks.loss_questions import Questions, Shown
from grader.checks.measuring import in_words
from grader.checks.measuring.alternatives import (
    Group,
    Method,
    Result,
    Training,
    Try,
    examine_predictions,
)
from grader.checks.measuring.classes import hiding_problem
from grader.checks.measuring.distances import judge_target
from grader.checks.measuring.forward_process import (
    Doubt,
    ForwardProcess,
    is_uneven,
    noise_problem,
    read_forward_process,
)
from grader.checks.measuring.slots import CLASSES, IN_ONE_VECTOR, Slot
from grader.checks.own_network import own_network_error
from grader.checks.sampled_steps import leaves_out
from grader.checks.schedule_in_use import ScheduleInUse
from grader.checks.verdict import (
    Verdict,
    failed,
    missing,
    needs_review,
    not_run,
    partial,
)
from grader.messages.message import Message, say
from grader.sandbox import Status, derived
from grader.states import State

ITEM = "loss"
NEXT = 3  # steps: so near to each other, rounding makes them one


def examine(known: Known) -> list[Verdict]:
    """A verdict a prediction type. Notes what each (prediction, schedule) showed of training."""
    session, seed = known.session, derived(known.seed, "training")  # as the sampler is asked
    questions = Questions(session, seed)

    def tries(prediction: str, group: Group) -> list[Try]:
        return [Try(prediction, in_use) for in_use in group]

    def conclude(one: Try, answer: LossAnswer, shown: Shown, result: Result) -> Result:
        verdict, training = concluded(one, result)
        return replace(verdict, measured=result[0].measured), training

    def concluded(one: Try, result: Result) -> Result:
        verdict, training = result
        if verdict.right and training.known:
            return judge_long_row(verdict, training, one, questions)
        if training.left_out is not None:
            if leaves_out(session, seed, replace(one, training=training)):
                said = say("loss.left_out", step=1 if training.left_out == 0 else "T")
                return replace(needs_review(verdict.check, said), details=verdict.details), training
            return verdict, replace(training, left_out=None)
        return result

    method = Method(tries, questions.loss, judge_try, conclude)
    verdicts, known.trainings = examine_predictions(known.schedules(), method)
    return verdicts


def judge_long_row(verdict: Verdict, training: Training, one: Try, questions: Questions) -> Result:
    """The same verdict, unless a long row of steps is never told where there are many."""
    clock = questions.long_clock(one, training)
    if clock is None:
        return verdict, training
    gone = clock.never_told() if verdict.state is State.PASSED else []  # else some may be rare
    alike = clock.told_alike()
    if not gone and not alike:
        numbers = clock.numbers()
        return verdict, replace(training, told_long=tuple(numbers or ()))
    if alike:
        first, last = max(alike, key=lambda pair: pair[1] - pair[0])
        steps = {"T": clock.T, "first": int(first) + 1, "last": int(last) + 1}
        if last - first > NEXT:
            return failed(verdict.check, say("loss.told_alike", **steps)), training
        return needs_review(verdict.check, say("loss.told_nearly_alike", **steps)), training
    said = never_trained(clock.T, gone)
    return partial(verdict.check, 0.5, said, missing_steps=gone[:20]), training


def never_trained(T: int, steps: Sequence[int]) -> Message:
    shown = ", ".join(str(step + 1) for step in steps[:5])
    return say("loss.never_trained", T=T, steps=shown)


def judge_try(one: Try, answer: LossAnswer, shown: Shown) -> Result:
    """As ``judge``, with the schedule noted."""
    in_use = one.in_use
    verdict, training = judge(answer, in_use, shown, one.prediction)
    details = {"schedule": in_use.schedule, "stand_in": in_use.stand_in, **verdict.details}
    return replace(verdict, details=details), training


def judge(
    answer: LossAnswer, in_use: ScheduleInUse, shown: Shown, prediction: str
) -> tuple[Verdict, Training]:
    """The verdict on one prediction type under one schedule, from what was answered."""
    check = f"{ITEM}.{prediction}"
    if (verdict := interface_verdict(check, answer, prediction)) is not None:
        return verdict, Training()
    own = own_network_error(check, called(prediction), answer)
    if own is not None and own.state is State.ERROR:
        return own, Training()
    verdict, training = judge_losses(check, answer, in_use, shown, prediction)
    return (own if own is not None and verdict.right else verdict), training


def called(prediction: str) -> Message:
    return say("run.of_forward", prediction=prediction)


def judge_losses(
    check: str, answer: LossAnswer, in_use: ScheduleInUse, shown: Shown, prediction: str
) -> tuple[Verdict, Training]:
    """The same, once the network took what it was given."""
    unknown = Training()
    calls = answer.calls
    if np.any(calls == 0):
        return failed(check, say("loss.network_not_asked")), unknown
    if np.any(calls != 1):
        said = say("loss.asked_more_than_once")
        return needs_review(check, said, calls=int(calls.max())), unknown
    steps = in_use.steps(in_use.entries(shown.case, answer.schedule), shown.case)
    images, given = len(answer.x), len(answer.x_t)
    if given != images and given % images == 0:
        said = say("loss.several_noisy_images", count=given // images)
        return needs_review(check, said, images=images, given=given), unknown
    if given != images or shown.named is None:
        return failed(check, say("loss.not_as_many_images")), unknown
    if told_in_one_vector(shown, len(steps.beta) + steps.first_index):
        return needs_review(check, IN_ONE_VECTOR), unknown
    process = read_forward_process(answer, times_of(shown), steps, shown.clock)
    if isinstance(process, Doubt):
        return needs_review(check, process.said), unknown
    if isinstance(process, Message):
        return failed(check, process), unknown
    if (problem := noise_problem(process)) is not None:
        return failed(check, problem), unknown
    if not (np.all(np.isfinite(answer.loss)) and np.all(np.isfinite(answer.gradient))):
        return failed(check, say("loss.loss_not_finite")), unknown
    verdict, meaning = judge_target(check, answer, process, prediction)
    training = Training(
        process.scale,
        process.shift,
        *meaning,
        known=verdict.right,
        in_use=in_use,
        time=process.time,
        told=told_at(process.step, shown.slots[process.time[0]]),
        classes=shown.classes,
        frame=process.frame,
    )
    if verdict.right:
        verdict, training = judge_draws(verdict, answer, process, shown, training)
    return replace(verdict, measured=in_words.loss(answer, process)), training


def judge_draws(
    verdict: Verdict, answer: LossAnswer, process: ForwardProcess, shown: Shown, training: Training
) -> tuple[Verdict, Training]:
    """The verdict on a right target, in the light of classes and time steps."""
    check, T = verdict.check, shown.case.T
    if shown.classes is None:
        return failed(check, say("loss.classes_not_told")), training
    if (hiding := hiding_problem(shown.classes)) is not None:
        said, certain = hiding
        if shown.classes.hidden == 1:
            training = replace(training, classes=None)  # what sampling tells has no meaning yet
        return (failed if certain else needs_review)(check, said), training
    gone, uneven = process.missing_steps, process.uneven
    if shown.clock is not None:  # many steps, of which few are drawn
        gone = shown.clock.never_told()
        uneven = is_uneven(np.bincount(process.step * 10 // T, minlength=10))
    if gone:
        ends = {0: 0, T - 1: -1}.get(gone[0]) if len(gone) == 1 else None
        verdict = partial(check, 0.5, never_trained(T, gone), missing_steps=gone)
        return verdict, replace(training, left_out=ends)
    if uneven:
        return needs_review(check, say("loss.uneven")), training
    if answer.wrapped is not None and verdict.state is State.PASSED:
        said = say("loss.more_than_the_loss")
        return needs_review(check, said, returned=answer.wrapped), training
    return verdict, training


def times_of(shown: Shown) -> list[Slot]:
    """The arguments that may tell t; where none has many values, all that have more than one."""
    assert shown.named is not None
    many = [shown.slots[name] for name in shown.named.time]
    few = [shown.slots[name] for name in shown.named.others]
    return many or [slot for slot in few if slot.count > 1]


def told_in_one_vector(shown: Shown, steps: int) -> bool:
    """Whether an argument has more different vectors than steps, and no more than of steps and
    classes: the sum of their embeddings, say."""
    assert shown.named is not None
    return not shown.named.classes and any(
        shown.slots[name].rows.shape[1] > 1
        and steps < shown.slots[name].count <= steps * (CLASSES + 1)
        for name in shown.named.time
    )


def told_at(step: Array, t: Slot) -> tuple[float, ...]:
    """What stands for each step that was drawn, in their order; empty if it is not one number."""
    if t.rows.shape[1] != 1 or t.count > len(np.unique(step)):
        return ()
    firsts = np.unique(step, return_index=True)[1]
    return tuple(float(value) for value in t.rows[firsts, 0])


def interface_verdict(check: str, answer: LossAnswer, prediction: str) -> Verdict | None:
    """The verdict if there is nothing to measure; None if there is."""
    if answer.ended.status is not Status.ok:
        return not_run(check, called(prediction), answer.ended)
    if answer.missing is not None:
        said = say("loss.not_implemented", what=answer.missing, prediction=prediction)
        return missing(check, said)
    if answer.interface is not None:
        said = say("loss.cannot_be_called")
        return needs_review(check, said, fraction=0, interface=answer.interface)
    if not answer.differentiable:
        return failed(check, say("loss.no_gradient"), returned=answer.returned)
    if answer.size != 1:
        return failed(check, say("loss.not_one_number"), size=answer.size)
    return None


ITEMS = (
    Item(
        ITEM,
        PREDICTIONS,
        {"en": "Training loss", "ko": "학습 손실"},
        notebook="2-1",
        target="DDPM",
        method="forward",
        examine=examine,
        order=3,
    ),
)
