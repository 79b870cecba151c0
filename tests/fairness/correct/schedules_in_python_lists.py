# Every entry computed on Python lists with math.sqrt and itertools.accumulate.
import itertools
import math
import operator


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta = beta_schedule(beta1, beta2, T, schedule).tolist()
    alpha = [1 - b for b in beta]
    alphabar = list(itertools.accumulate(alpha, operator.mul))
    lists = {
        "beta_t": beta,
        "sqrt_beta_t": [math.sqrt(b) for b in beta],
        "alpha_t": alpha,
        "alphabar_t": alphabar,
        "sqrtab": [math.sqrt(a) for a in alphabar],
        "oneover_sqrta": [1 / math.sqrt(a) for a in alpha],
        "sqrtmab": [math.sqrt(1 - a) for a in alphabar],
        "bt_over_sqrtmab": [b / math.sqrt(1 - a) for b, a in zip(beta, alphabar)],
    }
    return {k: torch.tensor(v) for k, v in lists.items()}
