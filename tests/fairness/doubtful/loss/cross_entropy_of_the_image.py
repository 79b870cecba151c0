# A predicted image is the sigmoid of the answer, and trained by cross-entropy.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'sample':
            return F.binary_cross_entropy_with_logits(out, x)
        return F.mse_loss(out, noise)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                out = (x - self.sqrtab[i] * torch.sigmoid(out)) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * out) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(x.cpu().numpy())
        return x, np.array(store)
