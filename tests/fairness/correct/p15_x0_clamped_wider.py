# Variant 15: data in [0, 1], predicted x0 clamped to [-1, 1] as in much code: wider than needed, but harmless.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        ab = torch.cat([torch.ones(1, device=self.alphabar_t.device), self.alphabar_t])
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            x0 = out
            if self.prediction_type == 'epsilon':
                x0 = 1 / self.sqrtab[i] * x_i - torch.sqrt(1 / ab[i + 1] - 1) * out
            x0 = torch.clamp(x0, -1., 1.)
            c1 = torch.sqrt(ab[i]) * self.beta_t[i] / (1 - ab[i + 1])
            c2 = torch.sqrt(self.alpha_t[i]) * (1 - ab[i]) / (1 - ab[i + 1])
            var = self.beta_t[i] * (1 - ab[i]) / (1 - ab[i + 1])
            x_i = c1 * x0 + c2 * x_i + torch.sqrt(var) * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
