# Variant 5: cosine by alphabar = f(t) / f(0), function by function as on the slide.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    s = 0.008

    def f(t):
        return torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2

    def alphabar(t):
        return f(t) / f(torch.zeros(1))

    t = torch.arange(1, T + 1)
    return torch.clip(1 - alphabar(t) / alphabar(t - 1), max=0.999)
