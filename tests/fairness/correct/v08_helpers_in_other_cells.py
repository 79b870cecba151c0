# Variant 8: schedules and noising by helper functions that stand in another cell.
S_OFFSET = 8e-3
MAX_BETA = 0.999


def cosine_curve(u):
    return torch.cos((u + S_OFFSET) / (1 + S_OFFSET) * torch.pi / 2) ** 2


def cosine_betas(T):
    u = torch.arange(T + 1, dtype=torch.float64) / T
    ratio = cosine_curve(u[1:]) / cosine_curve(u[:-1])
    return torch.clamp(1 - ratio, max=MAX_BETA).float()


def broadcast(v, t):
    return v[t].reshape(-1, 1, 1, 1)


def add_noise(ddpm, x, noise, t):
    return broadcast(ddpm.sqrtab, t) * x + broadcast(ddpm.sqrtmab, t) * noise


def beta_schedule(beta1, beta2, T, schedule='linear'):
    return torch.linspace(beta1, beta2, T) if schedule == 'linear' else cosine_betas(T)


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(self.n_T, (len(x),), device=x.device)
        noise = torch.randn_like(x)
        prediction = self.nn_model(add_noise(self, x, noise, t), c, t / self.n_T)
        return F.mse_loss(prediction, {'epsilon': noise, 'sample': x}[self.prediction_type])
