# Linear with the endpoint missed: i / T for i = 0..T-1.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = beta1 + (beta2 - beta1) * torch.arange(T) / T
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], max=0.999).float()
    return betas
