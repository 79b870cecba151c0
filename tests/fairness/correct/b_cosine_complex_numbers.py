# cosine as the real part of complex exponentials (torch.polar)
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        a = (torch.arange(T + 1, dtype=torch.float64) / T + 0.008) / 1.008 * torch.pi / 2
        f = torch.polar(torch.ones_like(a), a).real.pow(2)
        betas = 1 - f[1:].div(f[:-1])
        betas = torch.where(betas > 0.999, torch.tensor(0.999, dtype=torch.float64), betas).to(torch.get_default_dtype())
    return betas
