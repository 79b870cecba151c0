# A trainer and a sampler module that both hold the network, with coeff1, coeff2 and posterior variance in double.
def extract(v, t, x_shape):
    out = torch.gather(v, index=t, dim=0).float()
    return out.view([t.shape[0]] + [1] * (len(x_shape) - 1))


class GaussianDiffusionTrainer(nn.Module):
    def __init__(self, model, beta_1, beta_T, T, kind, schedule):
        super().__init__()
        self.model, self.T, self.kind = model, T, kind
        self.register_buffer('betas', beta_schedule(beta_1, beta_T, T, schedule).double())
        alphas_bar = torch.cumprod(1. - self.betas, dim=0)
        self.register_buffer('sqrt_alphas_bar', torch.sqrt(alphas_bar))
        self.register_buffer('sqrt_one_minus_alphas_bar', torch.sqrt(1. - alphas_bar))

    def forward(self, x_0, labels):
        t = torch.randint(self.T, size=(x_0.shape[0],), device=x_0.device)
        noise = torch.randn_like(x_0)
        x_t = extract(self.sqrt_alphas_bar, t, x_0.shape) * x_0 + extract(self.sqrt_one_minus_alphas_bar, t, x_0.shape) * noise
        return F.mse_loss(self.model(x_t, labels, t / self.T), noise if self.kind == 'epsilon' else x_0, reduction='none')


class GaussianDiffusionSampler(nn.Module):
    def __init__(self, model, beta_1, beta_T, T, kind, schedule):
        super().__init__()
        self.model, self.T, self.kind = model, T, kind
        self.register_buffer('betas', beta_schedule(beta_1, beta_T, T, schedule).double())
        alphas = 1. - self.betas
        alphas_bar = torch.cumprod(alphas, dim=0)
        alphas_bar_prev = F.pad(alphas_bar, [1, 0], value=1)[:T]
        self.register_buffer('sqrt_recip_alphas_bar', torch.sqrt(1. / alphas_bar))
        self.register_buffer('sqrt_recipm1_alphas_bar', torch.sqrt(1. / alphas_bar - 1))
        self.register_buffer('coeff1', torch.sqrt(1. / alphas))
        self.register_buffer('coeff2', self.coeff1 * (1. - alphas) / torch.sqrt(1. - alphas_bar))
        self.register_buffer('posterior_var', self.betas * (1. - alphas_bar_prev) / (1. - alphas_bar))

    def p_mean_variance(self, x_t, t, labels):
        var = torch.cat([self.posterior_var[1:2], self.betas[1:]])
        var = extract(var, t, x_t.shape)
        out = self.model(x_t, labels, t / self.T)
        if self.kind == 'sample':
            out = (extract(self.sqrt_recip_alphas_bar, t, x_t.shape) * x_t - out) / extract(self.sqrt_recipm1_alphas_bar, t, x_t.shape)
        mean = extract(self.coeff1, t, x_t.shape) * x_t - extract(self.coeff2, t, x_t.shape) * out
        return mean, var

    def forward(self, x_T, labels):
        x_t, states = x_T, []
        for time_step in reversed(range(self.T)):
            t = x_t.new_ones([x_T.shape[0], ], dtype=torch.long) * time_step
            mean, var = self.p_mean_variance(x_t=x_t, t=t, labels=labels)
            noise = torch.randn_like(x_t) if time_step > 0 else 0
            x_t = mean + torch.sqrt(var) * noise
            assert torch.isnan(x_t).int().sum() == 0, "nan in tensor."
            if time_step % 20 == 0:
                states.append(x_t.cpu().numpy())
        return x_t, states


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.trainer = GaussianDiffusionTrainer(nn_model, *betas, n_T, prediction_type, schedule)
        self.sampler = GaussianDiffusionSampler(nn_model, *betas, n_T, prediction_type, schedule)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.to(device)

    def forward(self, x, c):
        return self.trainer(x, c).mean()

    def sample(self, n_sample, size, device):
        with torch.no_grad():
            x, states = self.sampler(torch.randn(n_sample, *size, device=device), torch.arange(10, device=device).repeat(n_sample // 10))
        return x, np.array(states)
