# Cosine by a lambda, the clip by min of a generator; linear by a lambda over the index.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        line = lambda i: beta1 + (beta2 - beta1) * i / (T - 1)
        betas = torch.tensor([line(i) for i in range(T)])
    elif schedule == 'cosine':
        bar = lambda t: np.cos((t / T + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = torch.tensor([min(1 - bar(t + 1) / bar(t), 0.999) for t in range(T)], dtype=torch.float32)
    return betas
