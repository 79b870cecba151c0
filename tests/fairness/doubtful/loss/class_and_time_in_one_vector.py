# DDPM adds the embeddings of class and time, and the network takes their sum, while sampling too.
# also: sampling
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.emb = nn.Linear(32, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, condition):
        return self.out(F.gelu(self.inp(x) + self.emb(condition)[:, :, None, None]))


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T, self.prediction_type = n_T, prediction_type
        self.embed_c, self.embed_t = nn.Embedding(10, 32).to(device), nn.Linear(1, 32).to(device)

    def condition(self, c, t):
        return F.silu(self.embed_c(c) + self.embed_t(t.float()[:, None] / self.n_T))

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, self.condition(c, t))
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(self.n_T)):
            pred = self.nn_model(x_i, self.condition(c_i, torch.full_like(c_i, i)))
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * pred)
            if i > 0:
                x_i = x_i + self.sqrt_beta_t[i] * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
