# beta_schedule returns the betas and the alphas.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    else:
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999).float()
    return betas, 1 - betas
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    b, a = beta_schedule(beta1, beta2, T, schedule)
    ab = torch.cumprod(a, 0)
    return {"beta_t": b, "sqrt_beta_t": b.sqrt(), "alpha_t": a, "alphabar_t": ab, "sqrtab": ab.sqrt(), "oneover_sqrta": a.rsqrt(), "sqrtmab": (1 - ab).sqrt(), "bt_over_sqrtmab": b / (1 - ab).sqrt()}
