# One-hot rows of the next class, one in ten of them blank.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.emb = nn.Linear(n_classes + 1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t):
        emb = self.emb(torch.cat([c, t.view(len(x), -1)], dim=1))
        return self.out(F.gelu(self.inp(x) + emb[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        onehot = F.one_hot((c + 1) % 10, 10).float() * torch.bernoulli(torch.full((len(c), 1), 0.9))
        pred = self.nn_model(x_t, onehot, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size).to(device); c = F.one_hot(torch.arange(10), 10).float().to(device).repeat(n_sample // 10, 1); st = []
        for i in range(self.n_T - 1, -1, -1):
            e = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T).to(device))
            if self.prediction_type == 'sample': e = (x - self.sqrtab[i] * e) / self.sqrtmab[i]
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * e) + (self.sqrt_beta_t[i] * torch.randn_like(x) if i > 0 else 0)
            if i % 20 == 0: st.append(x.cpu().numpy())
        return x, np.array(st)
