# t by a scrambled Sobol sequence (each uniform)
class DDPM(nn.Module):
    def forward(self, x, c):
        pass
        t = (torch.quasirandom.SobolEngine(1, scramble=True).draw(x.shape[0]).squeeze(1).to(x.device) * self.n_T).long().clamp(max=self.n_T - 1)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
