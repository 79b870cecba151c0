# Variant 13: sigma_t^2 is the posterior variance betatilde_t; it is 0 at the last step by itself.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            ab_prev = self.alphabar_t[i - 1] if i > 0 else torch.tensor(1.0)
            sigma = torch.sqrt((1 - ab_prev) / (1 - self.alphabar_t[i]) * self.beta_t[i])
            mean = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            x_i = mean + sigma * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
