# ``** 1/2`` halves: the power of one is taken first.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    return {
        "beta_t": beta_t,
        "sqrt_beta_t": beta_t ** 1/2,
        "alpha_t": alpha_t,
        "alphabar_t": alphabar_t,
        "sqrtab": torch.sqrt(alphabar_t),
        "oneover_sqrta": 1 / torch.sqrt(alpha_t),
        "sqrtmab": torch.sqrt(1 - alphabar_t),
        "bt_over_sqrtmab": beta_t / torch.sqrt(1 - alphabar_t),
    }
