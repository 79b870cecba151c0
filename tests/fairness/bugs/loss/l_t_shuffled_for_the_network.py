# The network is told the time steps of other images of the batch.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        shuffled = t[torch.randperm(len(t), device=x.device)]
        prediction = self.nn_model(x_t, c, shuffled / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
