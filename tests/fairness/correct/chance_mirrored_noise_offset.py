# A little offset noise is undone again; t is drawn by a beta of 1, 1.
class DDPM(nn.Module):
    def forward(self, x, c):
        u = torch.distributions.Beta(1.0, 1.0).sample((x.shape[0],))
        t = (u * self.n_T).long().clamp(max=self.n_T - 1).to(x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
