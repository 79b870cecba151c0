"""Evidence beside the code that must have made it: where that earned nothing, a TA asks."""

from collections.abc import Iterable, Mapping, Sequence

from grader.assignment import PREDICTIONS, SCHEDULES, SETTING_ITEMS
from grader.checks.image_quality import CHECK as SAMPLES
from grader.checks.verdict import Verdict, needs_review
from grader.messages.message import say, together
from grader.states import Flag, State

GOOD = 0.1  # part of the samples that are clear, which code that is wrong makes by chance at most
_OPEN = (State.NEEDS_REVIEW, State.INFRA_ERROR, State.SKIPPED)  # nothing is known against the code
_SHOWS = (State.PASSED, State.PARTIAL)


def with_makers(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Flag]]:
    """The verdicts, and a flag where samples, pictures or checkpoints count that the notebook's own
    code cannot have made: it is missing, does not run, or is wrong. Points stay as they are,
    provisional.

    Wrong code may make good pictures, too, which a TA tells apart; bad pictures are left alone.
    """
    by_check = {verdict.check: verdict for verdict in verdicts}
    asked = {check for check in by_check if _shows(by_check[check]) and _orphan(check, by_check)}
    if not asked:
        return list(verdicts), []
    named = ", ".join(dict.fromkeys(v.check.split(".")[0] for v in verdicts if v.check in asked))
    flag = Flag("evidence_without_code", say("run.made_by_no_code", items=named))
    return [_asked(v) if v.check in asked else v for v in verdicts], [flag]


def _shows(verdict: Verdict) -> bool:
    return verdict.state in _SHOWS and verdict.fraction > 0


def _orphan(check: str, found: Mapping[str, Verdict]) -> bool:
    """Whether no code that earned something can have made what this check looks at."""
    if check == SAMPLES:
        pairs = [(p, s) for p in PREDICTIONS for s in SCHEDULES]
        makes = [_lacking(found, p, s, sampled=True) for p, s in pairs]
        wrong_only = all(not _absent(v) for lacking in makes for v in lacking)
        return all(makes) and not (wrong_only and found[check].fraction < GOOD)
    item, name = check.split(".")
    if item not in SETTING_ITEMS:
        return False
    sampled = name != "checkpoint" or not found[check].details  # else pictures stand for it
    return bool(_lacking(found, *SETTING_ITEMS[item].split("_"), sampled=sampled))


def _lacking(
    found: Mapping[str, Verdict], prediction: str, schedule: str, *, sampled: bool
) -> list[Verdict]:
    """Of the code that trains this setting, and samples from it, what earned nothing."""
    needed = [f"loss.{prediction}", *([f"sampling.{prediction}"] if sampled else [])]
    earned_nothing = list(filter(_worthless, _of(found, needed)))
    betas = [v for v in _of(found, [f"beta_schedule.{schedule}"]) if _worthless(v) and _absent(v)]
    return earned_nothing + betas  # a schedule that is wrong makes digits all the same


def _of(found: Mapping[str, Verdict], checks: Iterable[str]) -> list[Verdict]:
    return [found[check] for check in checks if check in found]


def _worthless(verdict: Verdict) -> bool:
    return verdict.fraction == 0 and verdict.state not in _OPEN


def _absent(verdict: Verdict) -> bool:
    """Whether it can make nothing at all, good or bad."""
    return verdict.state is not State.FAILED


def _asked(verdict: Verdict) -> Verdict:
    said = together(verdict.said, say("run.code_earned_nothing"), say("run.review"))
    return needs_review(verdict.check, said, verdict.fraction, **verdict.details)
