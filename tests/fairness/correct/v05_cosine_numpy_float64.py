# Variant 5: cosine in numpy (float64), lower clip 1e-8, turned into a float32 tensor at the end.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = np.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        t = np.arange(T + 1)
        ab = np.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        ab = ab / ab[0]
        betas = np.clip(1 - ab[1:] / ab[:-1], 1e-8, 0.999)
    return torch.from_numpy(betas).float()
