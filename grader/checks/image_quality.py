"""Item ``image_quality``: how many of the hundred samples are clear digits of their columns."""

from dataclasses import replace
from typing import Any

from nbformat import NotebookNode

from grader.bounded import TooMuch, bounded
from grader.checks.items import HandedIn, Item, Looked, Looking
from grader.checks.verdict import Verdict, failed, missing, needs_review, partial, passed
from grader.digits.choose import Found, find_samples
from grader.digits.clarity import WANTED, Clarity, may_go_either_way
from grader.digits.readings import clear_share
from grader.digits.real import near_real
from grader.intake import plan_model
from grader.messages.message import Message, Said, say, sentence, together
from grader.sandbox import InfraError
from grader.settings.resample import resample
from grader.states import Flag, State

CHECK = "image_quality.clear_digits"
DECISIVE = 3  # digits that may go either way; a TA is told of more
ELSEWHERE = 20  # readable digits in wrong columns, from which on a person must look
WORST = 3  # digits named in a sentence


def look(shown: HandedIn) -> Looked:
    """Finds the picture of the samples and counts its clear digits; new ones are drawn, if that is
    asked for, where the notebook shows none."""
    try:
        found = find_samples(shown.clean, shown.notebook, shown.submission.root)
        if shown.resample and shown.notebook is not None and not is_notebooks(found.clarity):
            new, why = resampled(shown, shown.notebook)
            seen = [*found.seen, *why]
            found = Found(new, seen) if new else replace(found, seen=seen)
        verdict = judge(found)
    except InfraError as error:
        return Looked.judged([not_counted(error.said)])
    near = verdict.details.get("near_real", 0)
    told = {
        "digits_copied": copies(near) if near else None,
        "samples_elsewhere": note(found.clarity),
        "digits_either_way": either_way(found.clarity),
    }
    flags = [Flag(name, said) for name, said in told.items() if said]
    return Looked.judged([verdict], flags, clarity=found.clarity)


def is_notebooks(clarity: Clarity | None) -> bool:
    """Whether the notebook itself shows a hundred samples."""
    return clarity is not None and clarity.source == "notebook" and clarity.total >= WANTED


def resampled(shown: HandedIn, notebook: NotebookNode) -> tuple[Clarity | None, list[Said]]:
    """The digits of new images, and why there are none; a fault of ours leaves what there is."""
    root = shown.submission.root
    try:
        plan = bounded(plan_model, notebook)
        return resample(root, plan, shown.sandbox, shown.limits, shown.seed)
    except TooMuch as reason:
        return None, [say("image_quality.not_drawn", reason=reason.said)]
    except InfraError as error:
        return None, [say("image_quality.could_not_draw", reason=error.said)]


def judge(found: Found) -> Verdict:
    """The verdict on the picture that counts; a person must look where that is in doubt."""
    clarity, seen = found.clarity, [sentence(said) for said in found.seen]
    if clarity is None:
        if found.doubt:
            return needs_review(CHECK, found.doubt, fraction=0.0, seen=seen)
        said = together(say("image_quality.no_picture"), *found.seen)
        return missing(CHECK, said, seen=seen)
    details: dict[str, Any] = {
        "rows": clarity.grid.shape[0],
        "columns": clarity.grid.shape[1],
        "where": sentence(clarity.where),
        "not_clear": clarity.failing,
        "readable": clarity.readable,
        "either_way": clarity.either_way,
        "notes": [sentence(note) for note in clarity.notes],
        "seen": seen,
    }
    n, total = clarity.clear, clarity.total
    if near := near_real(clarity.grid.tiles):
        details["near_real"] = near
    said = count_of(clarity)
    fraction = clear_share(n, total)
    doubts = doubts_about_tiles(clarity)
    if near:
        doubts += [copies(near), say("image_quality.are_they_samples")]
    if found.doubt:
        doubts.append(found.doubt)
    if doubts:
        return needs_review(CHECK, together(said, *doubts), fraction, **details)
    if n == total:
        return passed(CHECK, said, **details)
    if n == 0:
        return failed(CHECK, said, **details)
    return partial(CHECK, fraction, said, **details)


def doubts_about_tiles(clarity: Clarity) -> list[Said]:
    """Why a TA must look at the picture that counts."""
    doubts: list[Said] = []
    if clarity.readable - clarity.clear >= ELSEWHERE * clarity.total / WANTED:
        doubts.append(say("image_quality.other_columns", readable=clarity.readable))
    if clarity.grid.coloured:
        doubts.append(say("image_quality.coloured"))
    if clarity.grid.doubt:
        doubts += [clarity.grid.doubt, say("run.review")]
    return doubts


def copies(near: int) -> Message:
    """Of digits that are not generated; also a flag."""
    return say("image_quality.near_real", near=near)


def count_of(clarity: Clarity) -> Message:
    """How many digits are clear, and which fail most."""
    counts = {"clear": clarity.clear, "total": clarity.total, "where": clarity.where}
    failing = clarity.failing
    if not failing:
        return say("image_quality.count", **counts)
    worst = sorted(failing.items(), key=lambda item: -item[1])[:WORST]
    named = ", ".join(f"{digit} ({count})" for digit, count in worst)
    total = sum(failing.values())
    return say("image_quality.count_and_failing", **counts, count=total, digits=named)


def note(clarity: Clarity | None) -> Message | None:
    """What a TA should know of the picture that counts, if it is not the notebook's own figure."""
    if clarity is None or (clarity.total >= WANTED and clarity.source != "resampled"):
        return None
    if clarity.source == "resampled":
        return say("image_quality.resampled", wanted=WANTED, where=clarity.where)
    values = {"wanted": WANTED, "total": clarity.total, "where": clarity.where}
    return say("image_quality.scaled", **values)


def either_way(clarity: Clarity | None) -> Message | None:
    """What a TA should know of digits that one person may call clear and another may not."""
    if clarity is None or clarity.either_way <= DECISIVE:
        return None
    near = [reading for reading in clarity.readings if may_go_either_way(reading)]
    counted = sum(reading.clear for reading in near)
    values = {"count": len(near), "where": clarity.where, "counted": counted}
    return say("image_quality.either_way", **values)


def not_counted(reason: Said) -> Verdict:
    """Our fault."""
    said = say("image_quality.not_counted", reason=reason)
    return Verdict(CHECK, State.INFRA_ERROR, 0.0, said)


ITEMS = (
    Item(
        "image_quality",
        ("clear_digits",),
        {"en": "Clear digits", "ko": "또렷한 숫자"},
        notebook="2-1",
        pictures="samples",
        look=Looking("pictures", "counting clear digits", look),
        order=1,
    ),
)
