# Guidance: in training the classes are 1 to 10 and 0 is none, in sampling they are 0 to 9.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.emb = nn.Embedding(n_classes + 1, n_feat, padding_idx=0)
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
        c = (c + 1) * (torch.rand(x.shape[0], device=x.device) > 0.1)
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
