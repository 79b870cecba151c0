# Only every second step is ever trained, and of those the late ones more often.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = 2 * (torch.rand(x.shape[0]).sqrt() * (self.n_T // 2)).long()
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = F.mse_loss(pred, noise)
        elif self.prediction_type == 'sample':
            loss = F.mse_loss(pred, x)
        return loss
