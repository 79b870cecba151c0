# Cosine gives T + 1 betas, the first 0, while linear gives T and the indices are 0..T-1.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        alphabar = f / f[0]
        before = torch.cat([torch.ones(1), alphabar[:-1]])
        betas = torch.clamp(1 - alphabar / before, max=0.999).float()
    return betas
