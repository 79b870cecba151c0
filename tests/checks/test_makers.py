"""Evidence whose code earned nothing asks a TA; any other does not."""

import pytest

from grader.checks.makers import with_makers
from grader.checks.verdict import (
    Verdict,
    failed,
    missing,
    needs_review,
    not_judged,
    partial,
    passed,
    skipped,
)
from grader.results import State

CODE = [
    *(f"beta_schedule.{s}" for s in ("linear", "cosine")),
    *(f"{item}.{p}" for item in ("loss", "sampling") for p in ("epsilon", "sample")),
]
SETTINGS = [f"setting_{p}_{s}" for p in ("epsilon", "sample") for s in ("linear", "cosine")]
SHOWN = [f"{item}.{name}" for item in SETTINGS for name in ("checkpoint", "image", "animation")]
SAMPLES = "image_quality.clear_digits"


def whole(**changed: Verdict) -> list[Verdict]:
    """A submission that earns everything, but for these checks, ``item__name``."""
    checks = [*CODE, *SHOWN, SAMPLES]
    made = {name.replace("__", "."): verdict for name, verdict in changed.items()}
    return [made.get(check, passed(check, "Right.", seen=1)) for check in checks]


def asked(verdicts: list[Verdict]) -> set[str]:
    judged, flags = with_makers(verdicts)
    assert [v.fraction for v in judged] == [v.fraction for v in verdicts]
    found = {
        new.check
        for old, new in zip(verdicts, judged, strict=True)
        if new.state is State.NEEDS_REVIEW and old.state is not State.NEEDS_REVIEW
    }
    assert bool(flags) == bool(found)
    return found


def of(prediction: str, *names: str) -> set[str]:
    return {c for c in SHOWN if f"setting_{prediction}_" in c and c.split(".")[1] in names}


def test_whole_work_is_not_asked_about() -> None:
    assert asked(whole()) == set()


@pytest.mark.parametrize("verdict", [failed, missing])
def test_a_loss_that_earned_nothing_leaves_its_settings_open(verdict: object) -> None:
    wrong = verdict("loss.sample", "Wrong.")  # type: ignore[operator]
    assert asked(whole(loss__sample=wrong)) == of("sample", "checkpoint", "image", "animation")


def test_a_sampler_that_earned_nothing_leaves_its_pictures_open() -> None:
    wrong = whole(sampling__epsilon=failed("sampling.epsilon", "Wrong."))
    assert asked(wrong) == of("epsilon", "image", "animation")


def test_samples_are_open_where_neither_prediction_works() -> None:
    wrong = {f"sampling__{p}": failed(f"sampling.{p}", "Wrong.") for p in ("epsilon", "sample")}
    assert SAMPLES in asked(whole(**wrong))
    poor = {"image_quality__clear_digits": partial(SAMPLES, 0.04, "Noise.")}
    assert SAMPLES not in asked(whole(**wrong, **poor))
    absent = {f"sampling__{p}": missing(f"sampling.{p}", "None.") for p in ("epsilon", "sample")}
    assert SAMPLES in asked(whole(**absent, **poor))


def test_a_wrong_schedule_makes_digits_all_the_same() -> None:
    check = "beta_schedule.cosine"
    assert asked(whole(beta_schedule__cosine=failed(check, "Wrong."))) == set()
    open_ = asked(whole(beta_schedule__cosine=missing(check, "None.")))
    assert {c.split(".")[0] for c in open_} == {"setting_epsilon_cosine", "setting_sample_cosine"}


@pytest.mark.parametrize(
    "verdict",
    [
        needs_review("loss.sample", "Doubtful.", 0.0),
        skipped("loss.sample", "Not here."),
        not_judged("loss.sample", "KeyError"),
        partial("loss.sample", 0.5, "Half."),
        Verdict("loss.sample", State.INFRA_ERROR, 0.0, "Ours."),
    ],
)
def test_code_that_may_be_right_is_not_held_against_what_is_shown(verdict: Verdict) -> None:
    assert asked(whole(loss__sample=verdict)) == set()


def test_what_earns_nothing_is_not_asked_about() -> None:
    wrong = whole(
        sampling__sample=failed("sampling.sample", "Wrong."),
        setting_sample_linear__image=failed("setting_sample_linear.image", "Noise."),
    )
    assert "setting_sample_linear.image" not in asked(wrong)
