# DDPM makes class and time into learnt vectors of 256 numbers, and drops one class in ten (guidance).
class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
    def forward(self, t):
        half = self.dim // 2
        f = torch.exp(torch.arange(half, device=t.device) * -(np.log(10000) / (half - 1)))
        a = t[:, None].float() * f[None]
        return torch.cat([a.sin(), a.cos()], -1)
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.inp = nn.Conv2d(in_channels, 256, 3, padding=1)
        self.out = nn.Conv2d(256, in_channels, 3, padding=1)
    def forward(self, x, c, t):
        return self.out(F.gelu(self.inp(x) + t[:, :, None, None] + c[:, :, None, None]))
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.emb = nn.Embedding(10, 256).to(device)
        self.temb = nn.Sequential(SinusoidalPosEmb(256), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, 256)).to(device)
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        keep = (torch.rand(len(c), 1) > 0.1).float()
        pred = self.nn_model(x_t, self.emb(c) * keep, self.temb(t))
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = self.emb(torch.arange(0, 10).to(device).repeat(n_sample // 10))
        st = []
        for i in range(self.n_T - 1, -1, -1):
            t = self.temb(torch.full((n_sample,), i, device=device))
            e = 2 * self.nn_model(x_i, c_i, t) - self.nn_model(x_i, torch.zeros_like(c_i), t)
            if self.prediction_type == 'sample':
                e = (x_i - self.sqrtab[i] * e) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * e) + (self.sqrt_beta_t[i] * torch.randn_like(x_i) if i > 0 else 0)
            if i % 20 == 0: st.append(x_i.cpu().numpy())
        return x_i, np.array(st)
