# The seed is set anew in every forward: always the same t and the same noise.
class DDPM(nn.Module):
    def forward(self, x, c):
        torch.manual_seed(0)
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
