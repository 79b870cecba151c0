# Predictor and corrector: after each ancestral step one Langevin step at the same noise level.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []

        def noise_in(x, i):
            out = self.nn_model(x, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            return out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]

        for i in range(self.n_T - 1, -1, -1):
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * noise_in(x_i, i)) + self.sqrt_beta_t[i] * z
            if i > 0:
                step = 0.02 * self.sqrtmab[i - 1] ** 2
                score = -noise_in(x_i, i - 1) / self.sqrtmab[i - 1]
                x_i = x_i + step * score + (2 * step) ** 0.5 * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
