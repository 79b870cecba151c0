# The paper's squared norm: summed over the pixels, then averaged over the batch.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        return ((pred - target) ** 2).sum(dim=(1, 2, 3)).mean()
