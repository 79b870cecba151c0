# match statements in the schedule, the loss and the sampler.
def beta_schedule(beta1, beta2, T, schedule='linear'):
    match schedule:
        case 'linear':
            betas = torch.linspace(beta1, beta2, T)
        case 'cosine':
            s = 0.008
            f = torch.cos((torch.linspace(0, 1, T + 1).double() + s) / (1 + s) * torch.pi / 2) ** 2
            betas = (1 - f[1:] / f[:-1]).clip(max=0.999).float()
        case other:
            raise NotImplementedError(other)
    return betas


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        match self.prediction_type:
            case 'epsilon':
                loss = F.mse_loss(pred, noise)
            case 'sample':
                loss = F.mse_loss(pred, x)
        return loss
