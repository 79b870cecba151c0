# A cosine ramp from beta1 to beta2 instead of the cosine schedule.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        t = torch.arange(T) / (T - 1)
        betas = beta1 + (beta2 - beta1) * (1 - torch.cos(t * torch.pi)) / 2
    return betas
