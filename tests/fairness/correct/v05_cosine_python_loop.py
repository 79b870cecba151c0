# Variant 5: cosine by a Python loop over math.cos.
import math


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.tensor([beta1 + (beta2 - beta1) * i / (T - 1) for i in range(T)])
    elif schedule == 'cosine':
        s = 0.008
        betas = []
        for t in range(1, T + 1):
            now = math.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2
            before = math.cos(((t - 1) / T + s) / (1 + s) * math.pi / 2) ** 2
            betas.append(min(1 - now / before, 0.999))
        betas = torch.tensor(betas)
    return betas
