# The network holds a table of n_T learnt time embeddings, made from the notebook's n_T; t is a whole number.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.in_channels, self.n_feat, self.n_classes = in_channels, n_feat, n_classes
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.time = nn.Embedding(n_T, n_feat)
        self.label = nn.Embedding(n_classes, n_feat)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, timesteps, y=None):
        e = self.time(timesteps)
        if y is not None:
            e = e + self.label(y)
        return self.out(F.gelu(self.inp(x) + e[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t, t, y=c)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x, torch.full((n_sample,), i, dtype=torch.long, device=device), y=c)
            eps = out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(x.cpu().numpy())
        return x, np.array(store)
