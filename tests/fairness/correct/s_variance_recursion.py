# 1 - alphabar by its own recursion, alphabar from it, all in float64
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0
    beta = beta_schedule(beta1, beta2, T, schedule).double()
    v, out = torch.zeros((), dtype=torch.float64), []
    for b in beta:
        v = (1 - b) * v + b
        out.append(v)
    mab = torch.stack(out)
    ab = (1 - beta).log().cumsum(0).exp()
    d = dict(beta_t=beta, sqrt_beta_t=beta ** .5, alpha_t=1 - beta, alphabar_t=ab, sqrtab=ab ** .5,
             oneover_sqrta=(1 - beta).rsqrt(), sqrtmab=mab ** .5, bt_over_sqrtmab=beta * mab.rsqrt())
    return {k: x.float() for k, x in d.items()}
