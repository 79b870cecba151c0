# The root of alphabar_{t-1} missing in the posterior mean.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            x0 = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                x0 = (x_i - self.sqrtmab[i] * x0) / self.sqrtab[i]
            ab = self.alphabar_t[i]
            ab_prev = self.alphabar_t[i - 1] if i > 0 else torch.ones_like(ab)
            mean = (ab_prev * self.beta_t[i] * x0 + self.alpha_t[i].sqrt() * (1 - ab_prev) * x_i) / (1 - ab)
            var = (1 - ab_prev) / (1 - ab) * self.beta_t[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = mean + var.sqrt() * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
