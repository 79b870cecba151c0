# Half of the batch gets t, the other half T - 1 - t.
class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.shape[0]
        t = torch.randint(0, self.n_T, (B // 2 + 1,), device=x.device)
        t = torch.cat([t, self.n_T - 1 - t])[:B]
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
