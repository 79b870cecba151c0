# Broadcasting compares every prediction with the targets of all images.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        d = prediction[:, 0][:, None] - target[:, 0][None]  # (B, B, H, W)
        return (d ** 2).mean()
