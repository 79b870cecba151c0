# beta_schedule behind functools.lru_cache, with type hints.
from functools import lru_cache


@lru_cache(maxsize=None)
def beta_schedule(beta1: float, beta2: float, T: int, schedule: str = 'linear') -> torch.Tensor:
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T, dtype=torch.float32)
    s = 0.008
    t = torch.arange(T + 1, dtype=torch.float64)
    alphas_bar: torch.Tensor = torch.cos(0.5 * torch.pi * (t / T + s) / (1 + s)) ** 2
    return (1 - alphas_bar[1:] / alphas_bar[:-1]).clamp_max(0.999).to(torch.float32)
