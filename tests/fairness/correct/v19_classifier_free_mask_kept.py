# Variant 19: the well-known script's context mask kept in the network and in DDPM, no guidance.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.in_channels, self.n_feat, self.n_classes = in_channels, n_feat, n_classes
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.emb = nn.Linear(n_classes + 1, n_feat)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t, context_mask):
        c = F.one_hot(c, num_classes=self.n_classes).type(torch.float)
        context_mask = context_mask[:, None].repeat(1, self.n_classes)
        c = c * (1 - context_mask)  # 1 in the mask drops the class
        emb = self.emb(torch.cat([c, t.view(-1, 1)], dim=1))[:, :, None, None]
        return self.out(F.gelu(self.inp(x) + emb))


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device, drop_prob=0.1):
        super(DDPM, self).__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.drop_prob = drop_prob
        self.prediction_type = prediction_type
        self.schedule = schedule

    def forward(self, x, c):
        _ts = torch.randint(0, self.n_T, (x.shape[0],)).to(self.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[_ts, None, None, None] * x + self.sqrtmab[_ts, None, None, None] * noise
        context_mask = torch.bernoulli(torch.zeros(c.shape[0]) + self.drop_prob).to(self.device)
        pred = self.nn_model(x_t, c, _ts / self.n_T, context_mask)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        context_mask = torch.zeros(n_sample).to(device)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_is = torch.tensor([i / self.n_T]).to(device).repeat(n_sample)
            eps = self.nn_model(x_i, c_i, t_is, context_mask)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn(n_sample, *size).to(device) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
