# Variant 4: alphabar as exp of a cumulative sum of logs.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = torch.exp(torch.cumsum(torch.log(alpha_t), 0))
    return dict(
        beta_t=beta_t, sqrt_beta_t=beta_t ** 0.5, alpha_t=alpha_t, alphabar_t=alphabar_t,
        sqrtab=alphabar_t ** 0.5, oneover_sqrta=alpha_t ** -0.5, sqrtmab=(1 - alphabar_t) ** 0.5,
        bt_over_sqrtmab=beta_t * (1 - alphabar_t) ** -0.5,
    )
