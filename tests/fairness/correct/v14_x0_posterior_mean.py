# Variant 14: x0 model by the posterior mean; epsilon model by the usual step.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        alphabar_prev = torch.cat([torch.ones(1, device=self.alphabar_t.device), self.alphabar_t[:-1]])
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                mean = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * out)
            else:
                w_0 = torch.sqrt(alphabar_prev[i]) * self.beta_t[i] / (1 - self.alphabar_t[i])
                w_t = torch.sqrt(self.alpha_t[i]) * (1 - alphabar_prev[i]) / (1 - self.alphabar_t[i])
                mean = w_0 * out + w_t * x_i
            z = torch.randn_like(x_i) if i > 0 else torch.zeros_like(x_i)
            x_i = mean + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
