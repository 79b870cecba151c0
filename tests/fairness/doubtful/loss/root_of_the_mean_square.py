# The root of the mean square (a norm) instead of the mean square.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = torch.sqrt(F.mse_loss(pred, noise))
        elif self.prediction_type == 'sample':
            loss = torch.sqrt(F.mse_loss(pred, x))
        return loss
