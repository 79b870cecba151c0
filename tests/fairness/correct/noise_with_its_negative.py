# Each noise is used with its negative, in the two halves of a batch.
class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.shape[0]
        t = torch.randint(0, self.n_T, (B,), device=x.device)
        half = torch.randn_like(x[: (B + 1) // 2])
        noise = torch.cat([half, -half])[:B]
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)
