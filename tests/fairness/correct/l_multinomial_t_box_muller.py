# t by multinomial, noise by Box-Muller
class DDPM(nn.Module):
    def forward(self, x, c):
        pass
        t = torch.multinomial(torch.ones(self.n_T, device=x.device), x.shape[0], replacement=True)
        noise = torch.sqrt(-2 * torch.log(1 - torch.rand_like(x))) * torch.cos(2 * torch.pi * torch.rand_like(x))
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
