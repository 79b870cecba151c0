# Variant 13: sigma_t^2 = beta_t, the root taken at every step; one function for both predictions.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                eps = out
            else:
                eps = (x_i - self.alphabar_t[i].sqrt() * out) / (1 - self.alphabar_t[i]).sqrt()
            x_i = (x_i - (1 - self.alpha_t[i]) / (1 - self.alphabar_t[i]).sqrt() * eps) / self.alpha_t[i].sqrt()
            if i != 0:
                x_i = x_i + self.beta_t[i].sqrt() * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
