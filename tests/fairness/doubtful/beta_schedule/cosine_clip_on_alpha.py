# The ratio, alpha, is kept above 0.0005 instead of 0.001.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = (1 - torch.clamp(f[1:] / f[:-1], min=0.0005)).float()
    return betas
