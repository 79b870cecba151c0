# Variant 4: alphabar by the tensor's own cumprod, roots by rsqrt.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1.0 - beta_t
    alphabar_t = alpha_t.cumprod(-1)
    sqrt_beta_t, sqrtab, sqrtmab = beta_t.sqrt(), alphabar_t.sqrt(), (1.0 - alphabar_t).sqrt()
    return {
        "beta_t": beta_t, "sqrt_beta_t": sqrt_beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": sqrtab, "oneover_sqrta": alpha_t.rsqrt(), "sqrtmab": sqrtmab,
        "bt_over_sqrtmab": beta_t.div(sqrtmab),
    }
