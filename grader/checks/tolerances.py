"""How far right answers may be from the reference's; the rubric can change it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerances:
    """``beta_relative``: of betas, for each time step of T (correct float32 code for the cosine is
    off by 8e-7 at T = 10 and by 1.4e-3 at T = 1000). ``entry_relative``: of the other entries.
    ``standard_errors``: of what is measured on noisy pixels.
    """

    beta_relative: float = 5e-6
    entry_relative: float = 1e-3
    standard_errors: float = 8.0


DEFAULT = Tolerances()
