# Cosine over linspace(-1, T, T).
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.linspace(-1, T, T)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        alphabar = f / f[0]
        betas = torch.clamp(1 - alphabar[1:] / alphabar[:-1], 0, 0.999)
        betas = torch.cat([betas[:1], betas])
    return betas
