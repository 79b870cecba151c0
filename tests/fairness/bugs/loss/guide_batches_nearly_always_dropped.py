# Nine whole batches in ten have no labels.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.classes = nn.Embedding(n_classes + 1, n_feat)
        self.time = nn.Linear(1, n_feat)
        self.first = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.last = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t):
        h = self.classes(c) + self.time(t.view(-1, 1))
        return self.last(F.gelu(self.first(x) + h[:, :, None, None]))

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        c = c if torch.rand(()) < 0.1 else torch.full_like(c, 10)
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
