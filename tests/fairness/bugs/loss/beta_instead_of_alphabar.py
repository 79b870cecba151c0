# x_t by one step from x_0: sqrt(1 - beta) and sqrt(beta).
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.alpha_t[t, None, None, None].sqrt() * x + self.sqrt_beta_t[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        if self.prediction_type == 'epsilon':
            loss = F.mse_loss(pred, noise)
        elif self.prediction_type == 'sample':
            loss = F.mse_loss(pred, x)
        return loss
