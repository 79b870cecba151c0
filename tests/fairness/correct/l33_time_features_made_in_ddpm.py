# DDPM turns t into 33 sines and cosines and gives those to the network, in training and in sampling.
class ContextUnet(nn.Module):
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.label_emb = nn.Embedding(n_classes, n_feat)
        self.time_emb = nn.Linear(33, n_feat)
        self.first = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.last = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, features):
        emb = self.label_emb(c) + self.time_emb(features)
        return self.last(F.silu(self.first(x) + emb[:, :, None, None]))


class DDPM(nn.Module):
    def features(self, t):
        t = t.float().view(-1, 1) / self.n_T
        angles = t * torch.logspace(0, 2, 16, device=t.device)
        return torch.cat([t, angles.sin(), angles.cos()], dim=1)

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, c, self.features(t))
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = self.features(torch.full((n_sample,), i, device=device))
            eps = self.nn_model(x_i, c_i, t_i)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append((x_i).cpu().numpy())
        return x_i, np.array(x_i_store)
