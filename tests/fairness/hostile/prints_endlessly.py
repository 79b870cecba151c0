# beta_schedule prints for ever.
# expect: beta_schedule=timeout
def beta_schedule(beta1, beta2, T, schedule='linear'):
    while True:
        print('x' * 10000)
