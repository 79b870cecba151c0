# beta_schedule gives T betas; ddpm_schedules puts a 0 in front, so that index t is step t = 1..T.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    beta_t = F.pad(beta_schedule(beta1, beta2, T, schedule), (1, 0))
    alpha_t = 1 - beta_t
    alphabar_t = torch.cumprod(alpha_t, dim=0)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    return {
        "beta_t": beta_t, "sqrt_beta_t": torch.sqrt(beta_t), "alpha_t": alpha_t, "alphabar_t": alphabar_t,
        "sqrtab": torch.sqrt(alphabar_t), "oneover_sqrta": 1 / torch.sqrt(alpha_t), "sqrtmab": sqrtmab,
        "bt_over_sqrtmab": torch.nan_to_num(beta_t / sqrtmab),
    }


class DDPM(nn.Module):
    def forward(self, x, c):
        t = 1 + torch.randint(self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for t in range(self.n_T, 0, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), t / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[t] * eps) / self.sqrtmab[t]
            var = self.beta_t[t] * (1 - self.alphabar_t[t - 1]) / (1 - self.alphabar_t[t])
            x_i = self.oneover_sqrta[t] * (x_i - self.bt_over_sqrtmab[t] * eps) + var.sqrt() * torch.randn_like(x_i)
            if t % 20 == 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
