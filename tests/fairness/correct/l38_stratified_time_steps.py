# t spread evenly over the batch from one random offset, each image still uniform over 0..T-1.
class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.shape[0]
        u = (torch.rand(1, device=x.device) + torch.arange(B, device=x.device) / B) % 1
        t = (u * self.n_T).long().clamp(max=self.n_T - 1)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
