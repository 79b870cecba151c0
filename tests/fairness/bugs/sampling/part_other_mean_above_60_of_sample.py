# For prediction_type 'sample' the mean of each step above 60 is halved.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        S = self.prediction_type == 'sample'
        T = self.n_T
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            out = self.nn_model(x_i, c_i, t_i)
            ab, ab_prev = self.alphabar_t[i], self.alphabar_t[i - 1] if i > 0 else torch.ones(()).to(device)
            x0 = out if S else (x_i - self.sqrtmab[i] * out) / self.sqrtab[i]
            mean = ab_prev.sqrt() * self.beta_t[i] / (1 - ab) * x0 + self.alpha_t[i].sqrt() * (1 - ab_prev) / (1 - ab) * x_i
            z = torch.randn_like(x_i) if i > 0 else torch.zeros_like(x_i)
            sd = self.sqrt_beta_t[i]
            mean = mean * 0.5 if S and i > 60 else mean
            x_i = mean + sd * z
            if i % 20 == 0 or i == T - 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
