# The square is inside the cosine.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    x = torch.linspace(0, T, T + 1, dtype=torch.float64)
    ac = torch.cos(((x / T + 0.008) / 1.008 * torch.pi / 2) ** 2)
    ac = ac / ac[0]
    return torch.clip(1 - ac[1:] / ac[:-1], 1e-8, 0.999).float()
