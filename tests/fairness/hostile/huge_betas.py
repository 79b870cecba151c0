# beta_schedule returns 16 GB of betas.
# expect: beta_schedule=out_of_memory|timeout
def beta_schedule(beta1, beta2, T, schedule='linear'):
    return torch.cat([torch.ones(2 ** 27) for _ in range(32)])
