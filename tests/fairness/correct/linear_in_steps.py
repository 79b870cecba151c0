# Linear by adding equal increments in float64; schedules chosen from a table of functions.
def linear(beta1, beta2, T):
    step = (beta2 - beta1) / (T - 1)
    return beta1 + torch.cat([torch.zeros(1).double(), torch.full((T - 1,), step).double()]).cumsum(0)


def cosine(beta1, beta2, T, s=0.008, top=0.999):
    f = torch.cos((torch.arange(T + 1).double() / T + s) / (1 + s) * torch.pi / 2) ** 2
    return torch.where(1 - f[1:] / f[:-1] > top, torch.tensor(top).double(), 1 - f[1:] / f[:-1])


SCHEDULES = {'linear': linear, 'cosine': cosine}


def beta_schedule(beta1, beta2, T, schedule='linear'):
    return SCHEDULES[schedule](beta1, beta2, T).float()
