# DDIM with eta = 0 on fifty time steps, spread by linspace.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device, steps=50):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        times = np.linspace(self.n_T - 1, 0, steps).round().astype(int).tolist() + [-1]
        for i, j in zip(times[:-1], times[1:]):
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                eps, x0 = out, (x_i - self.sqrtmab[i] * out) / self.sqrtab[i]
            else:
                eps, x0 = (x_i - self.sqrtab[i] * out) / self.sqrtmab[i], out
            x_i = self.sqrtab[j] * x0 + self.sqrtmab[j] * eps if j >= 0 else x0
            x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
