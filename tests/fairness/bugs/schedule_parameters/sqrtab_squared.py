# sqrtab is alphabar squared instead of its root.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    sqrt_beta_t = torch.sqrt(beta_t)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    sqrtab = alphabar_t ** 2
    oneover_sqrta = 1 / torch.sqrt(alpha_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    bt_over_sqrtmab = beta_t / sqrtmab
    return {"beta_t": beta_t, "sqrt_beta_t": sqrt_beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": sqrtab, "oneover_sqrta": oneover_sqrta, "sqrtmab": sqrtmab, "bt_over_sqrtmab": bt_over_sqrtmab}
