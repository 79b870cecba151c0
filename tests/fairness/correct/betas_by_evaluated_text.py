# The schedule is a call that is put together as text and evaluated.
def linear_betas(beta1, beta2, T):
    return torch.linspace(beta1, beta2, T)


def cosine_betas(beta1, beta2, T):
    s = 0.008
    t = torch.linspace(0, T, T + 1, dtype=torch.float64)
    f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
    ab = f / f[0]
    return torch.clip(1 - ab[1:] / ab[:-1], 0, 0.999).float()


def beta_schedule(beta1, beta2, T, schedule='linear'):
    return eval(f'{schedule}_betas(beta1, beta2, T)')
