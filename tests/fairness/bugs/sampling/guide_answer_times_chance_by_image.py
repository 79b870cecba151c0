# Guidance times a random factor for each image.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.n_classes = n_classes
        self.cemb = nn.Embedding(n_classes + 1, n_feat)
        self.temb = nn.Linear(1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t, drop=None):
        if drop is not None:
            c = torch.where(drop.bool(), self.n_classes, c)
        e = self.cemb(c) + self.temb(t.view(-1, 1))
        return self.out(F.gelu(self.inp(x) + e[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T, torch.rand(len(x), device=x.device) < 0.1)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        none = torch.ones_like(c_i)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            cond, free = self.nn_model(x_i, c_i, t_i, 1 - none), self.nn_model(x_i, c_i, t_i, none)
            eps = (3 * cond - 2 * free) * (0.7 + 0.6 * torch.rand(n_sample, 1, 1, 1, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
