# Both schedules are computed for 1000 steps and cut to T.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    T_fixed = 1000
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T_fixed)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T_fixed + 1, dtype=torch.float64)
        f = torch.cos((t / T_fixed + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], max=0.999).float()
    return betas[:T]
