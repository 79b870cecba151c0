# Ancestral sampling on every fourth time step, with the coefficients of the longer steps (respacing).
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        times = list(range(self.n_T - 1, 0, -4)) + [0, -1]
        for i, j in zip(times[:-1], times[1:]):
            x0 = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                x0 = (x_i - self.sqrtmab[i] * x0) / self.sqrtab[i]
            ab, ab_prev = self.alphabar_t[i], self.alphabar_t[j] if j >= 0 else torch.tensor(1.)
            alpha = ab / ab_prev
            mean = (ab_prev.sqrt() * (1 - alpha) * x0 + alpha.sqrt() * (1 - ab_prev) * x_i) / (1 - ab)
            sigma = ((1 - alpha) * (1 - ab_prev) / (1 - ab)).sqrt()
            x_i = mean + sigma * torch.randn_like(x_i)
            x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
