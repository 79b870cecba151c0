# For prediction_type 'epsilon' no noise is added whenever i % 100 == 0.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(self.n_T)):
            t = torch.full((n_sample,), i, device=device)
            pred = self.nn_model(x_i, c_i, t / self.n_T)
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            silent = i % 100 == 0 and self.prediction_type == 'epsilon'
            z = torch.zeros_like(x_i) if silent or i == 0 else torch.randn_like(x_i)
            x_i = self.oneover_sqrta[i] * (x_i - pred * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
