# cosine: upper clip 50 beta2 (0.999 at beta2 = 0.02 only)
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], 0, min(0.999, 50 * beta2)).float()
    return betas
