# The coefficients are viewed as (B, 1, 1): images of the batch are mixed.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t].view(-1, 1, 1) * x + self.sqrtmab[t].view(-1, 1, 1) * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
