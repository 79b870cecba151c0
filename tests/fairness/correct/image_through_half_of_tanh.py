# A predicted image goes through tanh that is brought to 0..1, in training and in sampling.
class DDPM(nn.Module):
    def predict(self, x_t, c, t):
        out = self.nn_model(x_t, c, t)
        return (torch.tanh(out) + 1) / 2 if self.prediction_type == 'sample' else out

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.predict(x_t, c, t / self.n_T)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.predict(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            eps = out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(x.cpu().numpy())
        return x, np.array(store)
