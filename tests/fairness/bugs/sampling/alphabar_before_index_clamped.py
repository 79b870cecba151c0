# The alphabar before the first step is the first one itself: an index clamped at zero.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            x0 = out if self.prediction_type == 'sample' else (x - self.sqrtmab[i] * out) / self.sqrtab[i]
            prev = self.alphabar_t[max(i - 1, 0)]
            mean = prev.sqrt() * self.beta_t[i] / (1 - self.alphabar_t[i]) * x0 + self.alpha_t[i].sqrt() * (1 - prev) / (1 - self.alphabar_t[i]) * x
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = mean + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(x.cpu().numpy())
        return x, np.array(store)
