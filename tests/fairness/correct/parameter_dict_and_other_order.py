# ddpm_schedules returns an nn.ParameterDict; beta_schedule takes its arguments in another order.
def beta_schedule(schedule, T, beta1, beta2):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    else:
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999).float()
    return betas
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    b = beta_schedule(schedule, T, beta1, beta2)
    a = 1.0 - b
    ab = torch.cumprod(a, 0)
    d = {"beta_t": b, "sqrt_beta_t": b.sqrt(), "alpha_t": a, "alphabar_t": ab, "sqrtab": ab.sqrt(), "oneover_sqrta": a.rsqrt(), "sqrtmab": (1 - ab).sqrt(), "bt_over_sqrtmab": b / (1 - ab).sqrt()}
    return nn.ParameterDict({k: nn.Parameter(v, requires_grad=False) for k, v in d.items()})
