# Variant 8: different local names and another order of the same computations.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        noise_levels = torch.linspace(start=beta1, end=beta2, steps=T)
    elif schedule == 'cosine':
        small = 0.008
        grid = torch.arange(T + 1).double().div(T).add(small).div(1 + small).mul(torch.pi / 2)
        keep = grid.cos().square()
        noise_levels = keep[1:].div(keep[:-1]).neg().add(1).clamp(max=0.999).float()
    return noise_levels


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    b = beta_schedule(beta1, beta2, T, schedule)
    root_b = b.sqrt()
    a = 1 - b
    A = a.cumprod(0)
    B = 1 - A
    return {"bt_over_sqrtmab": b / B.sqrt(), "sqrtmab": B.sqrt(), "oneover_sqrta": 1 / a.sqrt(),
            "sqrtab": A.sqrt(), "alphabar_t": A, "alpha_t": a, "sqrt_beta_t": root_b, "beta_t": b}
