# under the cosine schedule training passes the step's number, sampling a part of T
class DDPM(nn.Module):
    def time(self, t):
        cosine = self.beta_t[-1] > 0.5  # where it is clipped
        return t.float() if cosine else t / self.n_T

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        target = noise if self.prediction_type == 'epsilon' else x
        return torch.mean((self.nn_model(x_t, c, self.time(t)) - target) ** 2)

    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for t in reversed(range(self.n_T)):
            times = torch.full((n_sample,), t / self.n_T, device=device)
            out = self.nn_model(x, c, times)
            ab = self.alphabar_t[t]
            before = self.alphabar_t[t - 1] if t else torch.ones(())
            x_0 = (x - (1 - ab).sqrt() * out) / ab.sqrt() if self.prediction_type == 'epsilon' else out
            beta = self.beta_t[t]
            x = (before.sqrt() * beta * x_0 + self.alpha_t[t].sqrt() * (1 - before) * x) / (1 - ab)
            if t:
                x = x + (beta * (1 - before) / (1 - ab)).sqrt() * torch.randn_like(x)
            if t % 20 == 0:
                store.append(x.cpu().numpy())
        return x, np.array(store)
