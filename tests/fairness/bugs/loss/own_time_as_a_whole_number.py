# t goes to a linear layer as a whole number, which raises an error.
# also: sampling
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.n_classes = n_classes
        self.classes = nn.Linear(n_classes, n_feat)
        self.time = nn.Linear(1, n_feat)
        self.first = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.last = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t):
        h = self.classes(F.one_hot(c, 10).float()) + self.time(t.view(-1, 1))
        return self.last(F.gelu(self.first(x) + h[:, :, None, None]))

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(self.n_T)):
            t = torch.full((n_sample,), i, device=device)
            pred = self.nn_model(x_i, c_i, t)
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - pred * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
