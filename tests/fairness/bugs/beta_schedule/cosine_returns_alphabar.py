# The cosine branch returns alphabar itself.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(1, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(f / np.cos(s / (1 + s) * np.pi / 2) ** 2, max=0.999).float()
    return betas
