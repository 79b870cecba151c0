# The cosine branch returns the linear schedule.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        betas = torch.linspace(beta1, beta2, T)
    return betas
