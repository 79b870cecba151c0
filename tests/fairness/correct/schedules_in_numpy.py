# Every entry computed in numpy and turned into float32 tensors by a comprehension.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = np.asarray(beta_schedule(beta1, beta2, T, schedule), dtype=np.float64)
    alpha_t = 1.0 - beta_t
    alphabar_t = np.cumprod(alpha_t, axis=0)
    out = dict(
        beta_t=beta_t, sqrt_beta_t=np.sqrt(beta_t), alpha_t=alpha_t, alphabar_t=alphabar_t,
        sqrtab=np.sqrt(alphabar_t), oneover_sqrta=np.sqrt(1.0 / alpha_t), sqrtmab=np.sqrt(1.0 - alphabar_t),
        bt_over_sqrtmab=beta_t / np.sqrt(1.0 - alphabar_t),
    )
    return {name: torch.tensor(value, dtype=torch.float32) for name, value in out.items()}
