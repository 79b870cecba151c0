# device is a torch.device of a weight; autocast reads its type.
device = torch.zeros(1).cuda().device if torch.cuda.is_available() else torch.device('cpu')

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        with torch.autocast(device.type, enabled=False):
            pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
