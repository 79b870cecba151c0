# Variant 6: cosine's alphabar taken from the cosine formula, not from the clipped betas.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    if schedule == 'cosine':
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        alphabar_t = (f / f[0])[1:].float()
    else:
        alphabar_t = torch.cumprod(alpha_t, dim=0)
    return {
        "beta_t": beta_t, "sqrt_beta_t": torch.sqrt(beta_t), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": torch.sqrt(alphabar_t), "oneover_sqrta": 1 / torch.sqrt(alpha_t),
        "sqrtmab": torch.sqrt(1 - alphabar_t), "bt_over_sqrtmab": beta_t / torch.sqrt(1 - alphabar_t),
    }
