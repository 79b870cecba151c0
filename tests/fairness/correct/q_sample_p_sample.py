# Methods q_sample, p_sample, p_losses and predict_start_from_noise, posterior buffers, clipped log variance.
def extract(v, t, ndim):
    return v[t].reshape(-1, *[1] * (ndim - 1))


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        register = lambda name, v: self.register_buffer(name, v.to(torch.float32))
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            register(k, v)
        ab = self.alphabar_t
        ab_prev = F.pad(ab[:-1], (1, 0), value=1.)
        variance = self.beta_t * (1. - ab_prev) / (1. - ab)
        register('posterior_variance', variance)
        register('posterior_log_variance_clipped', torch.log(variance.clamp(min=1e-20)))
        register('posterior_mean_coef1', self.beta_t * torch.sqrt(ab_prev) / (1. - ab))
        register('posterior_mean_coef2', (1. - ab_prev) * torch.sqrt(self.alpha_t) / (1. - ab))
        self.n_T, self.device, self.prediction_type, self.schedule = n_T, device, prediction_type, schedule

    def predict_start(self, x_t, t, out):
        if self.prediction_type == 'sample':
            return out
        return (x_t - extract(self.sqrtmab, t, 4) * out) / extract(self.sqrtab, t, 4)

    def q_sample(self, x_start, t, noise):
        return extract(self.sqrtab, t, 4) * x_start + extract(self.sqrtmab, t, 4) * noise

    def p_sample(self, x, c, i):
        t = torch.full((x.shape[0],), i, device=x.device, dtype=torch.long)
        x_start = self.predict_start(x, t, self.nn_model(x, c, t / self.n_T))
        mean = extract(self.posterior_mean_coef1, t, 4) * x_start + extract(self.posterior_mean_coef2, t, 4) * x
        noise = torch.randn_like(x) if i > 0 else 0.
        return mean + (0.5 * self.posterior_log_variance_clipped[i]).exp() * noise

    def p_losses(self, x_start, c, t):
        noise = torch.randn_like(x_start)
        out = self.nn_model(self.q_sample(x_start, t, noise), c, t / self.n_T)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x_start)

    def forward(self, x, c):
        return self.p_losses(x, c, torch.randint(0, self.n_T, (x.shape[0],), device=x.device).long())

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(0, self.n_T)):
            x_i = self.p_sample(x_i, c_i, i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
