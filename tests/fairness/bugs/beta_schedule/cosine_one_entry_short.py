# Cosine over t = 0..T-1 gives T - 1 ratios; the first is repeated.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], max=0.999)
        betas = torch.cat([betas[:1], betas]).float()
    return betas
