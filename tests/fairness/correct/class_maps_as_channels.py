# The class goes to the network as ten more channels of the image, each 0 or 1 all over.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.inp = nn.Conv2d(in_channels + n_classes, 256, 3, padding=1)
        self.out = nn.Conv2d(256, in_channels, 3, padding=1)
        self.t = nn.Linear(1, 256)
    def forward(self, x, t):
        return self.out(F.gelu(self.inp(x) + self.t(t.view(-1, 1))[:, :, None, None]))
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        maps = F.one_hot(c, 10).float()[:, :, None, None].expand(-1, -1, 28, 28)
        pred = self.nn_model(torch.cat([x_t, maps], 1), t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        maps = torch.eye(10).to(device).repeat(n_sample // 10, 1)[:, :, None, None].expand(-1, -1, 28, 28)
        st = []
        for i in range(self.n_T - 1, -1, -1):
            e = self.nn_model(torch.cat([x_i, maps], 1), torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                e = (x_i - self.sqrtab[i] * e) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * e) + (self.sqrt_beta_t[i] * torch.randn_like(x_i) if i > 0 else 0)
            if i % 20 == 0: st.append(x_i.cpu().numpy())
        return x_i, np.array(st)
