# The DDIM step with Heun's correction: deterministic, the network asked twice a step.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []

        def noise_in(x, i):
            out = self.nn_model(x, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            return out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]

        def ddim(x, eps, i, j):
            x0 = (x - self.sqrtmab[i] * eps) / self.sqrtab[i]
            return self.sqrtab[j] * x0 + self.sqrtmab[j] * eps if j >= 0 else x0

        for i in range(self.n_T - 1, -1, -1):
            eps = noise_in(x_i, i)
            if i > 0:
                eps = (eps + noise_in(ddim(x_i, eps, i, i - 1), i - 1)) / 2
            x_i = ddim(x_i, eps, i, i - 1)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
