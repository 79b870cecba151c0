# Variant 8: every entry is float64; forward and sample go back to float32 where the network is asked.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T, dtype=torch.float64)
    s, t = 0.008, torch.arange(T + 1, dtype=torch.float64)
    f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2).square()
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    return {
        "beta_t": beta_t, "sqrt_beta_t": beta_t.sqrt(), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": alphabar_t.sqrt(), "oneover_sqrta": 1 / alpha_t.sqrt(),
        "sqrtmab": (1 - alphabar_t).sqrt(), "bt_over_sqrtmab": beta_t / (1 - alphabar_t).sqrt(),
    }


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t.float(), c, t / self.n_T)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t = torch.full((n_sample,), i / self.n_T, device=device)
            eps = self.nn_model(x_i, c_i, t).double()
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            if i > 0:
                x_i = x_i + self.sqrt_beta_t[i] * torch.randn_like(x_i)
            x_i = x_i.float()
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
