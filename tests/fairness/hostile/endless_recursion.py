# beta_schedule calls itself for ever.
# expect: beta_schedule=error
def beta_schedule(beta1, beta2, T, schedule='linear'):
    return beta_schedule(beta1, beta2, T, schedule)
