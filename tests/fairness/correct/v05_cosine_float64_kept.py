# Variant 5: cosine in float64 all the way; linear stays float32.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        x = torch.linspace(0, T, T + 1, dtype=torch.float64)
        ab = torch.cos((x / T + s) / (1 + s) * torch.pi * 0.5) ** 2
        betas = torch.minimum(1 - ab[1:] / ab[:-1], torch.tensor(0.999, dtype=torch.float64))
    return betas
