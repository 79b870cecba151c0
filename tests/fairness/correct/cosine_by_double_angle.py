# Cosine with cos^2 x written as (1 + cos 2x) / 2, and the ratio by expm1 of logs.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    s = 0.008
    t = torch.arange(T + 1, dtype=torch.float64) / T
    log_f = torch.log1p(torch.cos((t + s) / (1 + s) * torch.pi)) - np.log(2)
    return (-torch.expm1(torch.diff(log_f))).clamp(max=0.999).float()
