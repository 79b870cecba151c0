# Variant 8: extra keys in the dict, and a sampler that uses them.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    alphabar_prev = torch.cat([torch.ones(1), alphabar_t[:-1]])
    return {
        "beta_t": beta_t, "sqrt_beta_t": beta_t.sqrt(), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": alphabar_t.sqrt(), "oneover_sqrta": 1 / alpha_t.sqrt(),
        "sqrtmab": (1 - alphabar_t).sqrt(), "bt_over_sqrtmab": beta_t / (1 - alphabar_t).sqrt(),
        "alphabar_prev": alphabar_prev,
        "coef_x0": beta_t * alphabar_prev.sqrt() / (1 - alphabar_t),
        "coef_xt": (1 - alphabar_prev) * alpha_t.sqrt() / (1 - alphabar_t),
        "log_snr": torch.log(alphabar_t / (1 - alphabar_t)),
    }
