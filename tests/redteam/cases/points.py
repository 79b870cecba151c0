"""Samples and settings beside code that cannot have made them."""

from grader.kit.fill import DIFFUSION, read_template
from tests.habits.draft import Draft
from tests.habits.edits import FORWARD, MODEL, SCHEDULES, START, before, change, rewrite
from tests.habits.pictures import hundred, png, show
from tests.redteam.table import attack

WRONG = "failed|missing|error|killed"
LOSS = {"loss": WRONG}
SAMPLING = {"sampling": WRONG}
SETTINGS = [f"setting_{p}_{s}" for p in ("epsilon", "sample") for s in ("linear", "cosine")]
SHOWN = {"image_quality": "needs_review", **dict.fromkeys(SETTINGS, "needs_review")}
FLAG = "evidence_without_code"


@attack(
    "the template unsolved, with samples and settings",
    "points",
    flag=FLAG,
    beta_schedule="missing|failed|error",
    schedule_parameters="missing|failed|error",
    **LOSS,
    **SAMPLING,
    **SHOWN,
)
def unsolved(draft: Draft) -> None:
    draft.put(read_template(DIFFUSION))
    show(draft, png(hundred()))


@attack("no DDPM, with samples and settings", "points", flag=FLAG, **LOSS, **SAMPLING, **SHOWN)
def no_model(draft: Draft) -> None:
    rewrite(draft, MODEL, "print('trained on the server')")


@attack("sample gives noise", "points", flag=FLAG, **SAMPLING, **SHOWN)
def sample_gives_noise(draft: Draft) -> None:
    lines = "x = torch.randn(n_sample, *size)", "return x, np.zeros((2, n_sample, *size))"
    change(draft, before(START, *lines))


@attack("sample gives nothing but black", "points", flag=FLAG, **SAMPLING, **SHOWN)
def sample_gives_black(draft: Draft) -> None:
    lines = "x = torch.zeros(n_sample, *size)", "return x, np.zeros((2, n_sample, *size))"
    change(draft, before(START, *lines))


@attack("sample raises", "points", flag=FLAG, **SAMPLING, **SHOWN)
def sample_raises(draft: Draft) -> None:
    change(draft, before(START, "raise RuntimeError('works on my machine')"))


@attack("sample gives None", "points", flag=FLAG, **SAMPLING, **SHOWN)
def sample_gives_none(draft: Draft) -> None:
    change(draft, before(START, "return None"))


@attack("forward gives nothing to learn from", "points", flag=FLAG, **LOSS, **SHOWN)
def forward_gives_zero(draft: Draft) -> None:
    change(draft, before(FORWARD, "return (x * 0).mean()"))


@attack("forward raises", "points", flag=FLAG, **LOSS, **SHOWN)
def forward_raises(draft: Draft) -> None:
    change(draft, before(FORWARD, "raise RuntimeError('works on my machine')"))


@attack(
    "the loss is missing for one prediction",
    "points",
    flag=FLAG,
    loss="partial",
    setting_sample_linear="needs_review",
    setting_sample_cosine="needs_review",
)
def half_a_loss(draft: Draft) -> None:
    change(draft, before(FORWARD, "if self.prediction_type == 'sample': return None"))


@attack(
    "sampling is missing for one prediction",
    "points",
    flag=FLAG,
    sampling="partial",
    setting_epsilon_linear="needs_review",
    setting_epsilon_cosine="needs_review",
)
def half_a_sampler(draft: Draft) -> None:
    change(draft, before(START, "if self.prediction_type == 'epsilon': return None"))


@attack(
    "no schedules at all",
    "points",
    flag=FLAG,
    beta_schedule="missing|error",
    schedule_parameters="missing|error|failed",
    loss="passed|failed|error|missing",
    sampling="passed|failed|error|missing",
    **SHOWN,
)
def no_schedules(draft: Draft) -> None:
    rewrite(draft, SCHEDULES, "print('see the slides')")
