# x_t and target from x ** 2: the same on black and white
class DDPM(nn.Module):
    def forward(self, x, c):
        x = x ** 2
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
