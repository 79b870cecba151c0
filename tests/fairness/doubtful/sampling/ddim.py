# DDIM with eta = 0: deterministic.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            ab = self.alphabar_t[i]
            ab_prev = self.alphabar_t[i - 1] if i > 0 else torch.ones_like(ab)
            if self.prediction_type == 'epsilon':
                eps, x0 = out, (x_i - (1 - ab).sqrt() * out) / ab.sqrt()
            else:
                eps, x0 = (x_i - ab.sqrt() * out) / (1 - ab).sqrt(), out
            x_i = ab_prev.sqrt() * x0 + (1 - ab_prev).sqrt() * eps
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
