# x_t is clamped to [0, 1].
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = (self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise).clamp(0, 1)
        prediction = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
