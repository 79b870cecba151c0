"""What the assignment calls things: each name stands here once.

Probes, which import nothing of ours, have their own copies of the few that they need.
"""

TARGETS = ("beta_schedule", "ddpm_schedules", "ContextUnet", "DDPM")
"""What a notebook must define."""

PREDICTIONS = ("epsilon", "sample")
SCHEDULES = ("linear", "cosine")
SETTINGS = tuple(f"{prediction}_{schedule}" for prediction in PREDICTIONS for schedule in SCHEDULES)
"""The four combinations that students train."""

SETTING = "setting_"
SETTING_ITEMS = {f"{SETTING}{setting}": setting for setting in SETTINGS}
"""The rubric's items for them, each with its setting."""

ENTRIES = (
    "beta_t",
    "sqrt_beta_t",
    "alpha_t",
    "alphabar_t",
    "sqrtab",
    "oneover_sqrta",
    "sqrtmab",
    "bt_over_sqrtmab",
)
"""The keys of ``ddpm_schedules``, in the template's order."""

DATA_SPACES = ((1.0, 0.0), (2.0, -1.0), (1.0, -0.5), (1 / 0.3081, -0.1307 / 0.3081))
"""Usual (scale, shift) of the data; others are read off the images."""
