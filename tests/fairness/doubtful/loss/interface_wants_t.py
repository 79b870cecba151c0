# forward wants t and noise from the training loop: the interface no longer fits.
class DDPM(nn.Module):
    def forward(self, x, c, t, noise):
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = F.mse_loss(pred, noise)
        elif self.prediction_type == 'sample':
            loss = F.mse_loss(pred, x)
        return loss
