# A batch of twenty at least is wanted, and even.
class DDPM(nn.Module):
    def forward(self, x, c):
        assert len(x) % 2 == 0 and len(x) >= 10
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
