# T + 1 entries: the first beta stands twice, alphabar is 1 at index 0, which is never used.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
        betas = torch.cat([betas[:1], betas])
    elif schedule == 'cosine':
        s = 0.008
        t = torch.arange(0, T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
        betas = torch.clamp(1 - f[1:] / f[:-1], max=0.999)
        betas = torch.cat([betas[:1], betas])
        betas = betas.float()
    return betas


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    sqrt_beta_t = torch.sqrt(beta_t)
    alpha_t = 1 - beta_t
    alphabar_t = torch.cat([torch.ones(1), torch.cumprod(alpha_t[1:], dim=0)])  # index 0 is no step
    sqrtab = torch.sqrt(alphabar_t)
    oneover_sqrta = 1 / torch.sqrt(alpha_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    bt_over_sqrtmab = (1 - alpha_t) / sqrtmab
    return {"beta_t": beta_t, "sqrt_beta_t": sqrt_beta_t, "alpha_t": alpha_t, "alphabar_t": alphabar_t,
            "sqrtab": sqrtab, "oneover_sqrta": oneover_sqrta, "sqrtmab": sqrtmab, "bt_over_sqrtmab": bt_over_sqrtmab}


class DDPM(nn.Module):
    def forward(self, x, c):
        _ts = torch.randint(1, self.n_T + 1, (x.shape[0],)).to(x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[_ts, None, None, None] * x + self.sqrtmab[_ts, None, None, None] * noise
        pred = self.nn_model(x_t, c, _ts / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = F.mse_loss(noise, pred)
        elif self.prediction_type == 'sample':
            loss = F.mse_loss(x, pred)
        return loss

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device)
        assert n_sample % c_i.shape[0] == 0
        c_i = c_i.repeat(int(n_sample / c_i.shape[0]))
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            t_is = torch.tensor([i / self.n_T]).to(device).repeat(n_sample)
            z = torch.randn(n_sample, *size).to(device) if i > 1 else 0
            pred = self.nn_model(x_i, c_i, t_is)
            if self.prediction_type == 'epsilon':
                eps = pred
            else:
                eps = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0 or i == self.n_T or i < 8:
                x_i_store.append(x_i.detach().cpu().numpy())
        return x_i, np.array(x_i_store)
