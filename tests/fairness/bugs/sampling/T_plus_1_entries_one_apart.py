# T + 1 entries: training uses 0..T-1, sampling T..1.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = (beta2 - beta1) * torch.arange(0, T + 1, dtype=torch.float32) / T + beta1
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        betas = torch.full((T + 1,), 1e-5, dtype=torch.float64)
        betas[1:] = torch.clamp(1 - f[1:] / f[:-1], max=0.999)
        betas = betas.float()
    return betas


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    sqrt_beta_t = torch.sqrt(beta_t)
    alpha_t = 1 - beta_t
    log_alpha_t = torch.log(alpha_t)
    alphabar_t = torch.cumsum(log_alpha_t, dim=0).exp()
    sqrtab = torch.sqrt(alphabar_t)
    oneover_sqrta = 1 / torch.sqrt(alpha_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    bt_over_sqrtmab = (1 - alpha_t) / sqrtmab
    return {"beta_t": beta_t, "sqrt_beta_t": sqrt_beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": sqrtab, "oneover_sqrta": oneover_sqrta, "sqrtmab": sqrtmab, "bt_over_sqrtmab": bt_over_sqrtmab}


class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            z = torch.randn_like(x_i) if i > 1 else 0
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
