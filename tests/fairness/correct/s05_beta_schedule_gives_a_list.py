# beta_schedule returns a Python list of floats, which ddpm_schedules turns into a tensor.
import math


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return [beta1 + (beta2 - beta1) * i / (T - 1) for i in range(T)]
    betas = []
    for i in range(T):
        a = math.cos((i / T + 0.008) / 1.008 * math.pi / 2) ** 2
        b = math.cos(((i + 1) / T + 0.008) / 1.008 * math.pi / 2) ** 2
        betas.append(min(1 - b / a, 0.999))
    return betas


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = torch.tensor(beta_schedule(beta1, beta2, T, schedule))
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, 0)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    return {"beta_t": beta_t, "sqrt_beta_t": beta_t.sqrt(), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": alphabar_t.sqrt(), "oneover_sqrta": 1 / alpha_t.sqrt(), "sqrtmab": sqrtmab,
            "bt_over_sqrtmab": beta_t / sqrtmab}
