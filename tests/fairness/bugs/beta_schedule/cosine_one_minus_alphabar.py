# Cosine betas are 1 - alphabar_t, not 1 - alphabar_t / alphabar_{t-1}.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(1, T + 1, dtype=torch.float64)
        f = lambda u: torch.cos((u / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f(t) / f(torch.zeros(1)), max=0.999).float()
    return betas
