# T + 1 entries, of which training and sampling use 0..T-1, as the template does.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = (beta2 - beta1) * torch.arange(0, T + 1, dtype=torch.float32) / T + beta1
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        betas = torch.full((T + 1,), 1e-5, dtype=torch.float64)
        betas[1:] = torch.clamp(1 - f[1:] / f[:-1], max=0.999)
        betas = betas.float()
    return betas


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    sqrt_beta_t = torch.sqrt(beta_t)
    alpha_t = 1 - beta_t
    log_alpha_t = torch.log(alpha_t)
    alphabar_t = torch.cumsum(log_alpha_t, dim=0).exp()
    sqrtab = torch.sqrt(alphabar_t)
    oneover_sqrta = 1 / torch.sqrt(alpha_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    bt_over_sqrtmab = (1 - alpha_t) / sqrtmab
    return {"beta_t": beta_t, "sqrt_beta_t": sqrt_beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": sqrtab, "oneover_sqrta": oneover_sqrta, "sqrtmab": sqrtmab, "bt_over_sqrtmab": bt_over_sqrtmab}
