# Cosine without the clip: the last beta is 1.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1) / T
        alphabar = torch.cos((t + s) / (1 + s) * torch.pi / 2) ** 2
        alphabar = alphabar / alphabar[0]
        betas = 1 - alphabar[1:] / alphabar[:-1]
    return betas
