# The network drops labels by default, and sampling forgets to tell it to keep them all.
def prob_mask_like(shape, prob, device):
    if prob == 1:
        return torch.ones(shape, device=device, dtype=torch.bool)
    elif prob == 0:
        return torch.zeros(shape, device=device, dtype=torch.bool)
    return torch.zeros(shape, device=device).float().uniform_(0, 1) < prob


class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10, cond_drop_prob=0.1):
        super().__init__()
        self.cond_drop_prob = cond_drop_prob
        self.classes_emb = nn.Embedding(n_classes, n_feat)
        self.null_classes_emb = nn.Parameter(torch.randn(n_feat))
        self.time = nn.Linear(1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, time, classes, cond_drop_prob=None):
        cond_drop_prob = self.cond_drop_prob if cond_drop_prob is None else cond_drop_prob
        e = self.classes_emb(classes)
        if cond_drop_prob > 0:
            keep = prob_mask_like((len(x),), 1 - cond_drop_prob, x.device)
            e = torch.where(keep[:, None], e, self.null_classes_emb[None])
        e = e + self.time(time[:, None])
        return self.out(F.gelu(self.inp(x) + e[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device).long()
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t].view(-1, 1, 1, 1) * x + self.sqrtmab[t].view(-1, 1, 1, 1) * noise
        out = self.nn_model(x_t, t / self.n_T, c)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size, device=device)
        c_i = torch.arange(0, 10, device=device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(0, self.n_T)):
            t = torch.full((n_sample,), i / self.n_T, device=device)
            pred = self.nn_model(x_i, t, c_i)
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0.
            x_i = self.oneover_sqrta[i] * (x_i - pred * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
