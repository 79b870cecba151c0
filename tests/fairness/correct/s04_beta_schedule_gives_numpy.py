# beta_schedule returns a float64 numpy array; ddpm_schedules makes float32 tensors of everything.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return np.linspace(beta1, beta2, T, dtype=np.float64)
    steps = np.arange(T + 1) / T
    bar = np.cos((steps + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.clip(1 - bar[1:] / bar[:-1], 0, 0.999)


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    beta_t = torch.as_tensor(beta_t, dtype=torch.float32)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, 0)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    return dict(beta_t=beta_t, sqrt_beta_t=beta_t ** 0.5, alpha_t=alpha_t, alphabar_t=alphabar_t,
                sqrtab=alphabar_t ** 0.5, oneover_sqrta=alpha_t ** -0.5, sqrtmab=sqrtmab,
                bt_over_sqrtmab=beta_t / sqrtmab)
