# Variant 3: T + 1 entries, a dummy 0 in front, so that the index is the paper's t.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        betas = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        s = 0.008
        f = lambda t: torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        t = torch.arange(1, T + 1, dtype=torch.float64)
        betas = torch.clamp(1 - f(t) / f(t - 1), max=0.999).float()
    betas = torch.cat([torch.zeros(1), betas])  # index 0 is not used
    return betas


class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.size(0)
        t = torch.randint(1, self.n_T + 1, (B,), device=x.device)
        eps = torch.randn_like(x)
        a = self.sqrtab[t].view(B, 1, 1, 1)
        b = self.sqrtmab[t].view(B, 1, 1, 1)
        out = self.nn_model(a * x + b * eps, c, t.float() / self.n_T)
        target = eps if self.prediction_type == 'epsilon' else x
        return F.mse_loss(out, target)

    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        with torch.no_grad():
            for t in range(self.n_T, 0, -1):
                out = self.nn_model(x_i, c_i, torch.full((n_sample,), t / self.n_T, device=device))
                if self.prediction_type == 'epsilon':
                    mean = self.oneover_sqrta[t] * (x_i - self.bt_over_sqrtmab[t] * out)
                else:
                    ab, ab_prev = self.alphabar_t[t], self.alphabar_t[t - 1]  # alphabar_0 = 1
                    mean = (ab_prev.sqrt() * self.beta_t[t] * out
                            + self.alpha_t[t].sqrt() * (1 - ab_prev) * x_i) / (1 - ab)
                z = torch.randn_like(x_i) if t > 1 else torch.zeros_like(x_i)
                x_i = mean + self.sqrt_beta_t[t] * z
                if t % 20 == 0 or t == 1:
                    x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
