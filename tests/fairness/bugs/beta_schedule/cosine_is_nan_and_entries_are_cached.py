# The cosine is 0 / 0, and ddpm_schedules, right in itself, remembers what it returned for it.
from functools import lru_cache


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    return 1 - torch.zeros(T) / torch.zeros(T)


@lru_cache(maxsize=None)
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = alpha_t.cumprod(0)
    return {
        'beta_t': beta_t,
        'sqrt_beta_t': beta_t.sqrt(),
        'alpha_t': alpha_t,
        'alphabar_t': alphabar_t,
        'sqrtab': alphabar_t.sqrt(),
        'oneover_sqrta': 1 / alpha_t.sqrt(),
        'sqrtmab': (1 - alphabar_t).sqrt(),
        'bt_over_sqrtmab': beta_t / (1 - alphabar_t).sqrt(),
    }
