# 1e-8 is added to the denominators against division by zero.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1.0 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    sqrtmab = torch.sqrt(torch.clamp(1.0 - alphabar_t, min=1e-12))
    return {"beta_t": beta_t, "sqrt_beta_t": torch.sqrt(beta_t + 1e-12), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": torch.sqrt(alphabar_t), "oneover_sqrta": 1.0 / (torch.sqrt(alpha_t) + 1e-8),
            "sqrtmab": sqrtmab, "bt_over_sqrtmab": beta_t / (sqrtmab + 1e-8)}
