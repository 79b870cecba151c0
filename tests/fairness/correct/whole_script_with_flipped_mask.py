# The well-known script as it is: T + 1 entries, the mask flipped to -1, a doubled batch, guide_w.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super(ContextUnet, self).__init__()
        self.n_classes = n_classes
        self.init_conv = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.timeembed1 = nn.Linear(1, n_feat)
        self.contextembed1 = nn.Linear(n_classes, n_feat)
        self.out = nn.Conv2d(n_feat, in_channels, 3, 1, 1)

    def forward(self, x, c, t, context_mask):
        x = self.init_conv(x)
        c = nn.functional.one_hot(c, num_classes=self.n_classes).type(torch.float)
        context_mask = context_mask[:, None]
        context_mask = context_mask.repeat(1, self.n_classes)
        context_mask = (-1 * (1 - context_mask))  # need to flip 0 <-> 1
        c = c * context_mask
        cemb1 = self.contextembed1(c).view(-1, x.shape[1], 1, 1)
        temb1 = self.timeembed1(t.view(-1, 1)).view(-1, x.shape[1], 1, 1)
        return self.out(cemb1 * x + temb1)


def beta_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return (beta2 - beta1) * torch.arange(0, T + 1, dtype=torch.float32) / T + beta1
    f = torch.cos((torch.arange(0, T + 1) / T + 0.008) / 1.008 * math.pi / 2) ** 2
    ab = f / f[0]
    b = 1 - ab[1:] / ab[:-1]
    return torch.cat([torch.zeros(1), torch.clip(b, 0, 0.999)])


def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    assert beta1 < beta2 < 1.0
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    sqrt_beta_t = torch.sqrt(beta_t)
    alpha_t = 1 - beta_t
    log_alpha_t = torch.log(alpha_t)
    alphabar_t = torch.cumsum(log_alpha_t, dim=0).exp()
    sqrtab = torch.sqrt(alphabar_t)
    oneover_sqrta = 1 / torch.sqrt(alpha_t)
    sqrtmab = torch.sqrt(1 - alphabar_t)
    mab_over_sqrtmab_inv = (1 - alpha_t) / sqrtmab
    return {"beta_t": beta_t, "alpha_t": alpha_t, "oneover_sqrta": oneover_sqrta, "sqrt_beta_t": sqrt_beta_t,
            "alphabar_t": alphabar_t, "sqrtab": sqrtab, "sqrtmab": sqrtmab, "bt_over_sqrtmab": mab_over_sqrtmab_inv}


import math


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device, drop_prob=0.1):
        super(DDPM, self).__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.drop_prob = drop_prob
        self.loss_mse = nn.MSELoss()
        self.prediction_type = prediction_type

    def forward(self, x, c):
        _ts = torch.randint(1, self.n_T + 1, (x.shape[0],)).to(self.device)
        noise = torch.randn_like(x)
        x_t = (self.sqrtab[_ts, None, None, None] * x + self.sqrtmab[_ts, None, None, None] * noise)
        context_mask = torch.bernoulli(torch.zeros_like(c) + self.drop_prob).to(self.device)
        out = self.nn_model(x_t, c, _ts / self.n_T, context_mask)
        return self.loss_mse(noise if self.prediction_type == 'epsilon' else x, out)

    def sample(self, n_sample, size, device, guide_w=0.5):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device)
        c_i = c_i.repeat(int(n_sample / c_i.shape[0]))
        context_mask = torch.zeros_like(c_i).to(device)
        c_i = c_i.repeat(2)
        context_mask = context_mask.repeat(2)
        context_mask[n_sample:] = 1.
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            print(f'sampling timestep {i}', end='\r')
            t_is = torch.tensor([i / self.n_T]).to(device)
            t_is = t_is.repeat(n_sample, 1, 1, 1)
            x_i = x_i.repeat(2, 1, 1, 1)
            t_is = t_is.repeat(2, 1, 1, 1)
            z = torch.randn(n_sample, *size).to(device) if i > 1 else 0
            eps = self.nn_model(x_i, c_i, t_is, context_mask)
            eps1 = eps[:n_sample]
            eps2 = eps[n_sample:]
            eps = (1 + guide_w) * eps1 - guide_w * eps2
            x_i = x_i[:n_sample]
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = (self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z)
            if i % 20 == 0 or i == self.n_T or i < 8:
                x_i_store.append(x_i.detach().cpu().numpy())
        return x_i, np.array(x_i_store)
