"""Item ``text_to_image``: own pictures from own words, by what notebook 2-2 says and shows."""

from collections.abc import Iterator, Mapping
from typing import Any

from grader.checks.items import HandedIn, Item, Looked, Looking
from grader.checks.verdict import Verdict, failed, missing, needs_review, passed
from grader.messages.message import Message, Said, say, together
from grader.sandbox import InfraError
from grader.states import Flag, State
from grader.text_to_image.asked import PIPELINE, UNSEEN, Asked, is_trivial
from grader.text_to_image.shots import SMALLEST, Look, Shot
from grader.text_to_image.values import UNKNOWN, is_number
from grader.text_to_image.works import Works, find_works

ITEM = "text_to_image"
CHECKS = ("prompt", "settings", "pictures")
MOST_STEPS = 999
ODD = (Look.NOISE, Look.GRADIENT, Look.DIGITS)
"""No picture of any words."""
SIZE = {"width": SMALLEST, "height": SMALLEST}


def look(shown: HandedIn) -> Looked:
    """At what notebook 2-2 says and shows; it is not run."""
    part = shown.submission.text_to_image
    if part is None:
        return Looked.judged(*judge(None))
    if part.content is None:
        return Looked.judged(damaged(part.problem))
    try:
        works = find_works(shown.clean, part.content, shown.submission.root)
    except InfraError as error:
        return Looked.judged(infra(error.said))
    return Looked.judged(*judge(works), works=works)


def judge(works: Works | None) -> tuple[list[Verdict], list[Flag]]:
    """The three verdicts, and what a TA should know; None if there is no notebook 2-2."""
    if works is None:
        said = say("text_to_image.no_notebook")
        return [missing(f"{ITEM}.{name}", said) for name in CHECKS], []
    verdicts = [judge_prompt(works), judge_settings(works), judge_pictures(works)]
    return verdicts, list(flags_of(works))


def flags_of(works: Works) -> Iterator[Flag]:
    """What a TA should know of calls and pictures, whatever they earn."""
    if not runs(works):
        yield Flag("prompt_not_run", say("text_to_image.never_runs"))
    looks = [shot.look for shot in works.shots]
    if black := looks.count(Look.BLACK):
        said = say("text_to_image.all_black", black=black, count=len(looks))
        yield Flag("safety_checker_black", said)
    for look in ODD:
        if count := looks.count(look):
            said = say("text_to_image.odd", count=count, total=len(looks), look=look.said)
            yield Flag("odd_pictures", said)


def runs(works: Works) -> bool:
    """Whether some call of an own prompt is not known to stand in code that never runs."""
    return not works.own or any(asked.runs for asked in works.own)


def damaged(reason: Said) -> list[Verdict]:
    """Notebook 2-2 is there but cannot be read."""
    said = together(reason, say("run.review"))
    return [needs_review(f"{ITEM}.{name}", said, fraction=0.0) for name in CHECKS]


def infra(reason: Said) -> list[Verdict]:
    """Our fault."""
    said = say("text_to_image.not_looked_at", reason=reason)
    return [Verdict(f"{ITEM}.{name}", State.INFRA_ERROR, 0.0, said) for name in CHECKS]


def without_own(check: str, works: Works) -> Verdict:
    if works.example:
        return failed(check, say("text_to_image.only_example"))
    return missing(check, say("text_to_image.no_call"))


def judge_prompt(works: Works) -> Verdict:
    check = f"{ITEM}.prompt"
    if not works.own:
        return without_own(check, works)
    details: dict[str, Any] = {"asked": [described(asked) for asked in works.own]}
    seen = [asked for asked in works.own if isinstance(asked.prompt, str)]
    said = [asked for asked in seen if not is_trivial(asked.prompt)]
    if said and not runs(works):
        never = together(say("text_to_image.never_runs"), opens(said[0]))
        return needs_review(check, never, **details)
    if any(asked.way != UNSEEN for asked in said):
        return passed(check, say("text_to_image.prompt"), **details)
    if said:
        not_taken = together(say("text_to_image.prompt_not_taken"), opens(said[0]))
        return needs_review(check, not_taken, **details)
    if len(seen) < len(works.own):
        unseen = next(asked for asked in works.own if asked not in seen)
        if unseen.way == UNSEEN:
            not_seen = together(say("text_to_image.prompt_not_seen"), opens(unseen))
            return needs_review(check, not_seen, **details)
        return needs_review(check, say("text_to_image.prompt_made"), **details)
    return failed(check, say("text_to_image.prompt_says_nothing"), **details)


def opens(asked: Asked) -> Message:
    """What settles it."""
    return say("text_to_image.opens", cell=asked.cell)


def judge_settings(works: Works) -> Verdict:
    check = f"{ITEM}.settings"
    if not works.own:
        return without_own(check, works)
    steps = [asked.steps for asked in works.own]
    known = [int(n) for n in steps if is_number(n)]
    if any(1 <= n <= MOST_STEPS for n in known):
        return passed(check, say("text_to_image.steps", most=MOST_STEPS))
    if known:
        return failed(check, say("text_to_image.wrong_steps", most=MOST_STEPS, steps=known[0]))
    unseen = next((asked for asked in works.own if asked.steps is UNKNOWN), None)
    if unseen is None:
        return missing(check, say("text_to_image.no_steps"))
    if unseen.way == PIPELINE:
        return needs_review(check, say("text_to_image.steps_computed"))
    if unseen.way == UNSEEN:
        said = say("text_to_image.steps_not_seen")
    else:
        said = say("text_to_image.steps_of_way", way=unseen.way)
    return needs_review(check, together(said, opens(unseen)))


def judge_pictures(works: Works) -> Verdict:
    check = f"{ITEM}.pictures"
    if not works.own:
        return without_own(check, works)
    looks = [shot.look for shot in works.shots if shot.place == "output"]
    details: dict[str, Any] = {
        "pictures": [[s.cell, s.width, s.height, str(s.look)] for s in works.shots],
        "unread": [f"{one.where}: {one.form}" for one in works.unread],
    }
    if Look.FINE in looks:
        return passed(check, say("text_to_image.pictures"), **details)
    if Look.BLACK in looks:
        black = say("text_to_image.black")
        if works.checker_spoke:
            return passed(check, black, **details)
        return needs_review(check, together(black, say("run.review")), **details)
    if odd := next((look for look in looks if look in ODD), None):
        return needs_review(check, say("text_to_image.odd_pictures", look=odd.said), **details)
    elsewhere = [s for s in works.shots if s.place != "output" and s.look is Look.FINE]
    if elsewhere:
        return needs_review(check, where_else(elsewhere[0]), **details)
    if Look.FIGURE in looks:
        return needs_review(check, say("text_to_image.small_in_figures", **SIZE), **details)
    if works.unread:
        one = works.unread[-1]
        values = {"where": one.where, "form": one.form}
        opened, gone = "text_to_image.unread", "text_to_image.unread_and_gone"
        unread = say(opened if one.kept else gone, **values)
        return needs_review(check, unread, fraction=0.0, **details)
    return without_pictures(check, works, details)


def where_else(shot: Shot) -> Message:
    """Why a picture that is there does not simply count."""
    if shot.place == "text":
        return say("text_to_image.pasted", where=shot.where)
    return say("text_to_image.file_alone", where=shot.where)


def without_pictures(check: str, works: Works, details: Mapping[str, Any]) -> Verdict:
    """Of what shows no picture that could count."""
    looks = [shot.look for shot in works.shots if shot.place != "file"]
    if Look.SMALL in looks:
        return failed(check, say("text_to_image.small", **SIZE), **details)
    if Look.COPY in looks:
        return failed(check, say("text_to_image.example"), **details)
    if looks:
        return failed(check, say("text_to_image.one_colour"), **details)
    if works.after_example:
        return needs_review(check, say("text_to_image.below_example"), **details)
    return missing(check, say("text_to_image.no_picture"), **details)


def described(asked: Asked) -> dict[str, Any]:
    """What was asked, for the TA; null where only running the notebook would tell."""
    values = {
        "prompt": asked.prompt,
        "negative_prompt": asked.negative,
        "guidance_scale": asked.guidance,
        "steps": asked.steps,
        "seed": asked.seed,
    }
    plain = (str, int, float)
    return {"cell": asked.cell} | {
        name: value if isinstance(value, plain) else None for name, value in values.items()
    }


ITEMS = (
    Item(
        ITEM,
        CHECKS,
        {"en": "Text to image", "ko": "텍스트로 만든 그림"},
        notebook="2-2",
        pictures="works",
        look=Looking("text_to_image", "looking at notebook 2-2", look),
        order=3,
    ),
)
