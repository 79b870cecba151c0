# The finished images are rounded to 0 and 1.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            out = self.nn_model(x_i, c_i, t_i)
            ab, ab_prev = self.alphabar_t[i], self.alphabar_t[i - 1] if i > 0 else torch.ones(()).to(device)
            x0 = out if self.prediction_type == 'sample' else (x_i - self.sqrtmab[i] * out) / self.sqrtab[i]
            coef1 = ab_prev.sqrt() * self.beta_t[i] / (1 - ab)
            coef2 = self.alpha_t[i].sqrt() * (1 - ab_prev) / (1 - ab)
            mean = coef1 * x0 + coef2 * x_i
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = mean + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i.clamp(0, 1).round(), np.array(x_i_store)
