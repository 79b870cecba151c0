# beta_schedule prints 50 MB once, then gives the right answer: full points.
# expect:
FLOODED = []


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if not FLOODED:
        FLOODED.append(True)
        for _ in range(500):
            print('x' * 10 ** 5)
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    s, t = 0.008, torch.arange(T + 1, dtype=torch.float64)
    f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999).float()
