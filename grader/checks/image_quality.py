"""Item ``image_quality``: how many of the hundred samples are clear digits of their columns."""

from collections.abc import Mapping
from typing import Any

from grader.checks.items import Item
from grader.checks.verdict import Verdict, failed, missing, needs_review, partial, passed
from grader.digits.choose import Found
from grader.digits.clarity import WANTED, Clarity, may_go_either_way
from grader.digits.readings import clear_share
from grader.digits.real import near_real
from grader.states import State

CHECK = "image_quality.clear_digits"
DECISIVE = 3  # digits that may go either way; a TA is told of more
ELSEWHERE = 20  # readable digits in wrong columns, from which on a person must look
WORST = 3  # digits named in a sentence


def judge(found: Found) -> Verdict:
    """The verdict on the picture that counts; a person must look where that is in doubt."""
    clarity = found.clarity
    if clarity is None:
        if found.doubt:
            return needs_review(CHECK, found.doubt, fraction=0.0, seen=list(found.seen))
        text = "No picture of samples was found, in the notebook or in the result folders."
        return missing(CHECK, " ".join([text, *found.seen]), seen=list(found.seen))
    details: dict[str, Any] = {
        "rows": clarity.grid.shape[0],
        "columns": clarity.grid.shape[1],
        "where": clarity.where,
        "not_clear": clarity.failing,
        "readable": clarity.readable,
        "either_way": clarity.either_way,
        "notes": list(clarity.notes),
        "seen": list(found.seen),
    }
    n, total = clarity.clear, clarity.total
    if near := near_real(clarity.grid.tiles):
        details["near_real"] = near
    text = f"{n} of {total} digits are clear ({clarity.where}){failing_columns(clarity.failing)}."
    fraction = clear_share(n, total)
    doubts = doubts_about_tiles(clarity)
    if near:
        doubts.append(f"{copies(near)} A person must look whether they are samples.")
    if found.doubt:
        doubts.append(found.doubt)
    if doubts:
        return needs_review(CHECK, " ".join([text, *doubts]), fraction, **details)
    if n == total:
        return passed(CHECK, text, **details)
    if n == 0:
        return failed(CHECK, text, **details)
    return partial(CHECK, fraction, text, **details)


def doubts_about_tiles(clarity: Clarity) -> list[str]:
    """Why a TA must look at the picture that counts, a sentence each."""
    doubts = []
    if clarity.readable - clarity.clear >= ELSEWHERE * clarity.total / WANTED:
        doubts.append(
            f"{clarity.readable} show some digit, but not that of their column;"
            " a person must look whether they stand in another order, or are real digits."
        )
    if clarity.grid.coloured:
        doubts.append("The tiles are in colours; a person must look whether they are samples.")
    if clarity.grid.doubt:
        doubts.append(f"{clarity.grid.doubt} A person must look.")
    return doubts


def copies(near: int) -> str:
    """Of digits that are not generated; also a flag."""
    return f"{near} digits lie next to digits of MNIST's training data."


def failing_columns(failing: Mapping[int, int]) -> str:
    """The digits that fail most, for a sentence."""
    worst = sorted(failing.items(), key=lambda item: -item[1])[:WORST]
    if not worst:
        return ""
    named = ", ".join(f"{digit} ({count})" for digit, count in worst)
    return f"; not clear: {sum(failing.values())}, most often {named}"


def note(clarity: Clarity | None) -> str | None:
    """What a TA should know of the picture that counts, if it is not the notebook's own figure."""
    if clarity is None or (clarity.total >= WANTED and clarity.source != "resampled"):
        return None
    if clarity.source == "resampled":
        return (
            f"No picture of {WANTED} samples could be counted in the notebook;"
            f" {clarity.where} were counted."
        )
    return (
        f"No picture of {WANTED} samples could be counted in the notebook;"
        f" {clarity.total} tiles of {clarity.where} were counted and scaled."
    )


def either_way(clarity: Clarity | None) -> str | None:
    """What a TA should know of digits that one person may call clear and another may not."""
    if clarity is None or clarity.either_way <= DECISIVE:
        return None
    near = [reading for reading in clarity.readings if may_go_either_way(reading)]
    counted = sum(reading.clear for reading in near)
    return (
        f"A person may go either way with {len(near)} digits of {clarity.where}, amber in the"
        f" picture of them; {counted} were counted as clear."
    )


def not_counted(reason: str) -> Verdict:
    """Our fault."""
    text = f"The grader could not count the clear digits: {reason}"
    return Verdict(CHECK, State.INFRA_ERROR, 0.0, text)


ITEMS = (
    Item(
        "image_quality",
        ("clear_digits",),
        {"en": "Clear digits", "ko": "또렷한 숫자"},
        notebook="2-1",
        pictures="samples",
    ),
)
