# Variant 5: cosine from ratios of f alone, float32, with lower clip 0.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        steps = torch.linspace(0, 1, T + 1)
        f = torch.cos((steps + s) / (1 + s) * (np.pi / 2)).pow(2)
        betas = (1 - f[1:] / f[:-1]).clamp(0, 0.999)
    return betas
