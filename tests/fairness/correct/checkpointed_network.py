# torch.utils.checkpoint saves memory: the network is asked again in backward.
from torch.utils.checkpoint import checkpoint


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = checkpoint(self.nn_model, x_t, c, t / self.n_T, use_reentrant=False)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
