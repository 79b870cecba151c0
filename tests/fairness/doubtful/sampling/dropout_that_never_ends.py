# The network calls F.dropout, which drops outside training mode, too.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.cemb = nn.Embedding(n_classes, n_feat)
        self.temb = nn.Linear(1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t):
        h = self.inp(x) + (self.cemb(c) + self.temb(t.view(-1, 1)))[:, :, None, None]
        return self.out(F.dropout(F.gelu(h), 0.1))


class DDPM(nn.Module):
    def forward(self, x, c):
        ts = torch.randint(1, self.n_T + 1, (x.shape[0],), device=x.device)
        eps = torch.randn_like(x)
        a, s = (v[ts - 1][:, None, None, None] for v in (self.sqrtab, self.sqrtmab))
        pred = self.nn_model(a * x + s * eps, c, ts / self.n_T)
        return F.mse_loss(pred, eps if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size, device=device)
        c_i = torch.arange(10, device=device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i - 1] * eps) / self.sqrtmab[i - 1]
            z = torch.randn_like(x_i) if i > 1 else 0
            x_i = self.oneover_sqrta[i - 1] * (x_i - eps * self.bt_over_sqrtmab[i - 1])
            x_i = x_i + self.sqrt_beta_t[i - 1] * z
            if i % 20 == 0 or i == 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
