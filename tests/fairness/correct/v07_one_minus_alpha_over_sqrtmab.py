# Variant 7: (1 - alpha_t) / sqrtmab for bt_over_sqrtmab, sqrt_beta_t from alpha too.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule).double()
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    sqrtab = torch.sqrt(alphabar_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    entries = {
        "beta_t": beta_t, "sqrt_beta_t": torch.sqrt(1 - alpha_t), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": sqrtab, "oneover_sqrta": 1 / torch.sqrt(alpha_t), "sqrtmab": sqrtmab,
        "bt_over_sqrtmab": (1 - alpha_t) / sqrtmab,
    }
    return {k: v.float() for k, v in entries.items()}
