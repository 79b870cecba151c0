# The network is asked for one half of the batch, then for the other, to save memory.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        parts = zip(x_t.chunk(2), c.chunk(2), (t / self.n_T).chunk(2))
        prediction = torch.cat([self.nn_model(*part) for part in parts])
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
