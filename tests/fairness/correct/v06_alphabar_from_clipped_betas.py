# Variant 6: cosine's alphabar recomputed from the clipped betas.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = beta_schedule(beta1, beta2, T, schedule).clamp(max=0.999)
    alpha_t = 1 - beta_t
    alphabar_t = torch.ones_like(alpha_t)
    product = 1.0
    for i in range(T):
        product = product * alpha_t[i]
        alphabar_t[i] = product
    return {
        "beta_t": beta_t, "sqrt_beta_t": torch.sqrt(beta_t), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": torch.sqrt(alphabar_t), "oneover_sqrta": 1 / torch.sqrt(alpha_t),
        "sqrtmab": torch.sqrt(1 - alphabar_t), "bt_over_sqrtmab": beta_t / torch.sqrt(1 - alphabar_t),
    }
