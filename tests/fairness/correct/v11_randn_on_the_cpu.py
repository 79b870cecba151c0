# Variant 11: noise by torch.randn(x.shape) and t by randint, both on the CPU and then moved.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(low=0, high=self.n_T, size=(x.shape[0],)).to(x.device)
        noise = torch.randn(x.shape).to(x.device)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
