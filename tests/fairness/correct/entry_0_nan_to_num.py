# T + 1 entries with a 0 in front, whose 0 / 0 is made 0 by nan_to_num; t is 1..T.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        b = torch.linspace(beta1, beta2, steps=T)
    else:
        u = torch.linspace(0, 1, T + 1, dtype=torch.float64)
        ab = torch.cos((u + 0.008) / 1.008 * np.pi * 0.5).square()
        b = torch.minimum(1 - ab[1:] / ab[:-1], torch.tensor(0.999, dtype=torch.float64)).float()
    return F.pad(b, (1, 0))


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0, "beta1 and beta2 must be in (0, 1)"
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    alpha_t = 1 - beta_t
    alphabar_t = alpha_t.double().cumprod(0)
    sqrtmab = (1 - alphabar_t).sqrt()
    return {k: torch.nan_to_num(v).float() for k, v in dict(
        beta_t=beta_t, sqrt_beta_t=beta_t ** .5, alpha_t=alpha_t, alphabar_t=alphabar_t, sqrtab=alphabar_t ** .5,
        oneover_sqrta=alpha_t ** -.5, sqrtmab=sqrtmab, bt_over_sqrtmab=beta_t / sqrtmab).items()}


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(1, self.n_T + 1, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        return (out - target).square().mean([1, 2, 3]).mean()

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            out = self.nn_model(x_i, c_i, torch.tensor(i / self.n_T, device=device).expand(n_sample))
            if self.prediction_type == 'epsilon':
                mu = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * out)
            else:
                mu = (self.sqrtab[i - 1] * self.beta_t[i] * out + self.alpha_t[i].sqrt() * (1 - self.alphabar_t[i - 1]) * x_i) / (1 - self.alphabar_t[i])
            sigma = ((1 - self.alphabar_t[i - 1]) / (1 - self.alphabar_t[i]) * self.beta_t[i]).sqrt()
            x_i = mu + sigma * torch.randn_like(x_i)
            if i % 20 == 0 or i == 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
