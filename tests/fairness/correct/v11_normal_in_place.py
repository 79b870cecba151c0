# Variant 11: noise by empty_like().normal_(), t by scaling torch.rand.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = (torch.rand(x.shape[0], device=x.device) * self.n_T).long()
        noise = torch.empty_like(x).normal_()
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
