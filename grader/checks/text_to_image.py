"""Item ``text_to_image``: own pictures from own words, by what notebook 2-2 says and shows."""

from typing import Any

from grader.checks.verdict import Verdict, failed, missing, needs_review, passed
from grader.results import Flag, State
from grader.text_to_image.calls import Asked
from grader.text_to_image.values import UNKNOWN, is_number
from grader.text_to_image.works import SMALLEST, Look, Works, is_trivial

ITEM = "text_to_image"
CHECKS = ("prompt", "settings", "pictures")
MOST_STEPS = 999


def judge(works: Works | None) -> tuple[list[Verdict], list[Flag]]:
    """The three verdicts, and what a TA should know; None if there is no notebook 2-2."""
    if works is None:
        text = "Notebook 2-2 was not found in the submission."
        return [missing(f"{ITEM}.{name}", text) for name in CHECKS], []
    verdicts = [judge_prompt(works), judge_settings(works), judge_pictures(works)]
    black = sum(shot.look is Look.BLACK for shot in works.shots)
    if not black:
        return verdicts, []
    text = (
        f"{black} of {len(works.shots)} pictures are all black, as the safety checker makes them."
    )
    return verdicts, [Flag("safety_checker_black", text)]


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
    texts = [asked.prompt for asked in works.own if isinstance(asked.prompt, str)]
    if any(not is_trivial(text) for text in texts):
        return passed(check, "A prompt of your own was used.", **details)
    if len(texts) < len(works.own):
        text = "The prompt is made while the notebook runs; a person must look."
        return needs_review(check, text, **details)
    return failed(check, "The prompt says nothing that a picture could show.", **details)


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
    if any(n is UNKNOWN for n in steps):
        text = "The number of denoising steps is computed in the notebook; a person must look."
        return needs_review(check, text)
    return missing(check, "The number of denoising steps is not set.")


def judge_pictures(works: Works) -> Verdict:
    check = f"{ITEM}.pictures"
    if not works.own:
        return without_own(check, works)
    looks = [shot.look for shot in works.shots]
    details: dict[str, Any] = {
        "pictures": [[s.cell, s.width, s.height, str(s.look)] for s in works.shots],
        "unreadable": list(works.unreadable),
    }
    if Look.FINE in looks:
        return passed(check, "The pictures of your own prompt are in the notebook.", **details)
    if Look.BLACK in looks:
        text = "The pictures are all black, perhaps by the safety checker."
        return passed(check, text, **details)
    if Look.FIGURE in looks:
        text = f"The figures show them smaller than {SMALLEST} x {SMALLEST} pixels."
        return needs_review(check, f"{text} A person must look.", **details)
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
    if works.unreadable:
        text = "The picture in the notebook cannot be read; a person must look."
        return needs_review(check, text, fraction=0.0, **details)
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
