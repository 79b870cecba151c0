# Cosine by a function of the time in [0, 1], betas appended one by one with a maximum.
import math


def betas_for_alpha_bar(steps, alpha_bar, max_beta=0.999):
    betas = []
    for i in range(steps):
        t1, t2 = i / steps, (i + 1) / steps
        betas.append(min(1 - alpha_bar(t2) / alpha_bar(t1), max_beta))
    return np.array(betas)


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = np.linspace(beta1, beta2, T, dtype=np.float64)
    elif schedule == 'cosine':
        betas = betas_for_alpha_bar(T, lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2)
    return torch.tensor(betas, dtype=torch.float32)
