"""Item ``text_to_image``: own pictures from own words, by what notebook 2-2 says and shows."""

from collections.abc import Iterator, Mapping
from typing import Any

from grader.checks.items import Item
from grader.checks.verdict import Verdict, failed, missing, needs_review, passed
from grader.states import Flag, State
from grader.text_to_image.asked import PIPELINE, UNSEEN, Asked, is_trivial
from grader.text_to_image.shots import SMALLEST, Look, Shot
from grader.text_to_image.values import UNKNOWN, is_number
from grader.text_to_image.works import Works

ITEM = "text_to_image"
CHECKS = ("prompt", "settings", "pictures")
MOST_STEPS = 999
ODD = (Look.NOISE, Look.GRADIENT, Look.DIGITS)  # no picture of any words
NEVER = "The call of your own prompt stands in code that never runs."


def judge(works: Works | None) -> tuple[list[Verdict], list[Flag]]:
    """The three verdicts, and what a TA should know; None if there is no notebook 2-2."""
    if works is None:
        text = "Notebook 2-2 was not found in the submission."
        return [missing(f"{ITEM}.{name}", text) for name in CHECKS], []
    verdicts = [judge_prompt(works), judge_settings(works), judge_pictures(works)]
    return verdicts, list(flags_of(works))


def flags_of(works: Works) -> Iterator[Flag]:
    """What a TA should know of calls and pictures, whatever they earn."""
    if not runs(works):
        yield Flag("prompt_not_run", NEVER)
    looks = [shot.look for shot in works.shots]
    if black := looks.count(Look.BLACK):
        text = f"{black} of {len(looks)} pictures are all black, as the safety checker makes them."
        yield Flag("safety_checker_black", text)
    for look in ODD:
        if count := looks.count(look):
            yield Flag("odd_pictures", f"{count} of {len(looks)} pictures show {look}.")


def runs(works: Works) -> bool:
    """Whether some call of an own prompt is not known to stand in code that never runs."""
    return not works.own or any(asked.runs for asked in works.own)


def damaged(reason: str) -> list[Verdict]:
    """Notebook 2-2 is there but cannot be read."""
    text = f"{reason} A person must look."
    return [needs_review(f"{ITEM}.{name}", text, fraction=0.0) for name in CHECKS]


def infra(reason: str) -> list[Verdict]:
    """Our fault."""
    text = f"The grader could not look at notebook 2-2: {reason}"
    return [Verdict(f"{ITEM}.{name}", State.INFRA_ERROR, 0.0, text) for name in CHECKS]


def without_own(check: str, works: Works) -> Verdict:
    if works.example:
        return failed(check, "Only the example was run: no prompt of your own was found.")
    return missing(check, "No call of the pipeline with a prompt was found.")


def judge_prompt(works: Works) -> Verdict:
    check = f"{ITEM}.prompt"
    if not works.own:
        return without_own(check, works)
    details: dict[str, Any] = {"asked": [described(asked) for asked in works.own]}
    seen = [asked for asked in works.own if isinstance(asked.prompt, str)]
    said = [asked for asked in seen if not is_trivial(asked.prompt)]
    if said and not runs(works):
        return needs_review(check, f"{NEVER} {opens(said[0])}", **details)
    if any(asked.way != UNSEEN for asked in said):
        return passed(check, "A prompt of your own was used.", **details)
    if said:
        text = "A prompt of your own is set, but the grader does not see what takes it."
        return needs_review(check, f"{text} {opens(said[0])}", **details)
    if len(seen) < len(works.own):
        unseen = next(asked for asked in works.own if asked not in seen)
        if unseen.way == UNSEEN:
            text = "The grader does not see from which prompt the pictures were made."
            return needs_review(check, f"{text} {opens(unseen)}", **details)
        text = "The prompt is made while the notebook runs; a person must look."
        return needs_review(check, text, **details)
    return failed(check, "The prompt says nothing that a picture could show.", **details)


def opens(asked: Asked) -> str:
    """What settles it."""
    return f"A TA opens cell {asked.cell}."


def judge_settings(works: Works) -> Verdict:
    check = f"{ITEM}.settings"
    if not works.own:
        return without_own(check, works)
    steps = [asked.steps for asked in works.own]
    known = [int(n) for n in steps if is_number(n)]
    if any(1 <= n <= MOST_STEPS for n in known):
        text = f"The number of denoising steps is between 1 and {MOST_STEPS}."
        return passed(check, text)
    if known:
        text = f"The number of denoising steps must be between 1 and {MOST_STEPS}, not {known[0]}."
        return failed(check, text)
    unseen = next((asked for asked in works.own if asked.steps is UNKNOWN), None)
    if unseen is None:
        return missing(check, "The number of denoising steps is not set.")
    if unseen.way == PIPELINE:
        text = "The number of denoising steps is computed in the notebook; a person must look."
        return needs_review(check, text)
    if unseen.way == UNSEEN:
        text = "The grader does not see how many denoising steps were taken."
    else:
        text = f"The grader does not see how many denoising steps {unseen.way} takes."
    return needs_review(check, f"{text} {opens(unseen)}")


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
        return passed(check, "The pictures of your own prompt are in the notebook.", **details)
    if Look.BLACK in looks:
        text = "The pictures are all black, perhaps by the safety checker."
        if works.checker_spoke:
            return passed(check, text, **details)
        return needs_review(check, f"{text} A person must look.", **details)
    if odd := next((look for look in looks if look in ODD), None):
        text = f"The pictures show {odd}, which is nothing that a prompt asks for."
        return needs_review(check, f"{text} A person must look.", **details)
    elsewhere = [s for s in works.shots if s.place != "output" and s.look is Look.FINE]
    if elsewhere:
        return needs_review(check, where_else(elsewhere[0]), **details)
    if Look.FIGURE in looks:
        text = f"The figures show them smaller than {SMALLEST} x {SMALLEST} pixels."
        return needs_review(check, f"{text} A person must look.", **details)
    if works.unread:
        one = works.unread[-1]
        text = f"In {one.where} there is {one.form}, which cannot be read here."
        settled = f"A TA opens {one.where}." if one.kept else "A TA asks for the picture."
        return needs_review(check, f"{text} {settled}", fraction=0.0, **details)
    return without_pictures(check, works, details)


def where_else(shot: Shot) -> str:
    """Why a picture that is there does not simply count."""
    if shot.place == "text":
        text = f"The picture in {shot.where} is pasted into text and no output of code."
    else:
        text = (
            f"The notebook shows no picture below your own prompt, but {shot.where} was handed in."
        )
    return f"{text} A TA decides whether it counts."


def without_pictures(check: str, works: Works, details: Mapping[str, Any]) -> Verdict:
    """Of what shows no picture that could count."""
    looks = [shot.look for shot in works.shots if shot.place != "file"]
    if Look.SMALL in looks:
        text = f"The pictures are smaller than {SMALLEST} x {SMALLEST} pixels."
        return failed(check, text, **details)
    if Look.COPY in looks:
        return failed(check, "The picture shown is that of the example.", **details)
    if looks:
        return failed(check, "The picture shows nothing but one colour.", **details)
    if works.after_example:
        text = "Pictures stand below the example alone, which was run after your own prompt."
        return needs_review(check, f"{text} A person must look.", **details)
    text = "The notebook shows no picture below your own prompt: were its outputs cleared?"
    return missing(check, text, **details)


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
    ),
)
