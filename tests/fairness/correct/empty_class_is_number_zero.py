# Guidance: the classes are 1 to 10 for the network, and 0 is no class, in training and in sampling.
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
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(1, 11).to(device).repeat(n_sample // 10)
        st = []
        for i in range(self.n_T - 1, -1, -1):
            t = torch.full((n_sample,), i / self.n_T, device=device)
            e = 1.5 * self.nn_model(x_i, c_i, t) - 0.5 * self.nn_model(x_i, 0 * c_i, t)
            if self.prediction_type == 'sample':
                e = (x_i - self.sqrtab[i] * e) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * e) + (self.sqrt_beta_t[i] * torch.randn_like(x_i) if i > 0 else 0)
            if i % 20 == 0: st.append(x_i.cpu().numpy())
        return x_i, np.array(st)
