# CFG: dropped classes become index 10; two calls in sampling
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.n_classes = n_classes
        self.emb = nn.Embedding(n_classes + 1, n_feat)
        self.temb = nn.Linear(1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)
    def forward(self, x, c, t):
        e = self.emb(c) + self.temb(t.view(-1, 1))
        return self.out(F.gelu(self.inp(x) + e[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        drop = torch.rand(x.shape[0], device=x.device) < 0.1
        c = torch.where(drop, torch.full_like(c, 10), c)
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
