# Roots of alphabar by half of the log sum; 1 - alphabar by expm1, which does not cancel.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    log_alpha = torch.log1p(-beta_t)
    log_bar = torch.cumsum(log_alpha, dim=0)
    sqrtmab = torch.sqrt(-torch.expm1(log_bar))
    return {"beta_t": beta_t, "sqrt_beta_t": torch.sqrt(beta_t), "alpha_t": torch.exp(log_alpha),
            "alphabar_t": torch.exp(log_bar), "sqrtab": torch.exp(log_bar / 2),
            "oneover_sqrta": torch.exp(-log_alpha / 2), "sqrtmab": sqrtmab, "bt_over_sqrtmab": beta_t / sqrtmab}
