# The two coefficients swapped.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtmab[t, None, None, None] * x + self.sqrtab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = F.mse_loss(pred, noise)
        elif self.prediction_type == 'sample':
            loss = F.mse_loss(pred, x)
        return loss
