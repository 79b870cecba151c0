# The cosine alphabar begins with its 1, so the first beta is 0 and 0/0 follows.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        alphabar = f / f[0]
        before = torch.cat([torch.ones(1), alphabar[:-1]])
        betas = torch.clamp(1 - alphabar / before, max=0.999).float()
    return betas
