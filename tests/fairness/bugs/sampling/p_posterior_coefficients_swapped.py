# The two coefficients of the posterior mean are swapped.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            x0 = out if self.prediction_type == 'sample' else (x_i - self.sqrtmab[i] * out) / self.sqrtab[i]
            ab, ab_prev = self.alphabar_t[i], self.alphabar_t[i - 1] if i > 0 else torch.tensor(1.0)
            z = torch.randn_like(x_i) if i > 0 else 0
            on_x0 = ab_prev.sqrt() * self.beta_t[i] / (1 - ab)
            on_x = self.alpha_t[i].sqrt() * (1 - ab_prev) / (1 - ab)
            x_i = on_x * x0 + on_x0 * x_i + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
