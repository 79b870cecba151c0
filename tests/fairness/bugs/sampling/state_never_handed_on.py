# The new state is kept under another name, and the next step starts from x_T again.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            eps = out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x_prev = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(x_prev.cpu().numpy())
        return x_prev, np.array(store)
