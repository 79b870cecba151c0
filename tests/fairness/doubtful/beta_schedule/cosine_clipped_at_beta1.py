# The cosine is clipped to [beta1, 0.999].
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    s = 0.008
    steps = torch.linspace(0, T, T + 1, dtype=torch.float64)
    f = torch.cos((steps / T + s) / (1 + s) * torch.pi * 0.5) ** 2
    ab = f / f[0]
    betas = 1 - ab[1:] / ab[:-1]
    return torch.clip(betas, beta1, 0.999).float()
