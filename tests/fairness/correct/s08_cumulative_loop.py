# alphabar by a loop that multiplies tensors one by one and stacks them.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = torch.ones_like(beta_t) - beta_t
    bars, product = [], torch.tensor(1.0)
    for alpha in alpha_t:
        product = product * alpha
        bars.append(product)
    alphabar_t = torch.stack(bars)
    entries = {"beta_t": beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t}
    entries["sqrt_beta_t"] = torch.sqrt(entries["beta_t"])
    entries["sqrtab"] = torch.sqrt(entries["alphabar_t"])
    entries["sqrtmab"] = torch.sqrt(1 - entries["alphabar_t"])
    entries["oneover_sqrta"] = 1 / torch.sqrt(entries["alpha_t"])
    entries["bt_over_sqrtmab"] = entries["beta_t"] / entries["sqrtmab"]
    return entries
