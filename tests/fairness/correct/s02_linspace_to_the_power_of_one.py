# Linear as linspace ** 1, a general power kept from an experiment; cosine over linspace(0, 1, T + 1).
POWER = 1


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1 ** (1 / POWER), beta2 ** (1 / POWER), T) ** POWER
    elif schedule == 'cosine':
        u = torch.linspace(0, 1, steps=T + 1)
        f = torch.cos((u + 0.008) / 1.008 * (torch.pi * 0.5)).pow(2)
        f = f / f[0].clone()
        betas = torch.minimum(1 - f[1:] / f[:-1], torch.tensor(0.999))
    return betas
