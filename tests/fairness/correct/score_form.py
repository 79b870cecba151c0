# The reverse step written with the score: (x + beta * score) / sqrt(alpha) + sigma z.
class DDPM(nn.Module):
    def score(self, x, out, i):
        if self.prediction_type == 'epsilon':
            return -out / self.sqrtmab[i]
        return -(x - self.sqrtab[i] * out) / (1 - self.alphabar_t[i])

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            x_i = self.oneover_sqrta[i] * (x_i + self.beta_t[i] * self.score(x_i, out, i))
            if i > 0:
                x_i = x_i + torch.normal(0.0, 1.0, x_i.shape, device=device) * self.sqrt_beta_t[i]
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
