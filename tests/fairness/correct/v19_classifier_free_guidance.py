# Variant 19: classifier-free guidance: a doubled batch, its second half without the class.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.in_channels, self.n_feat, self.n_classes = in_channels, n_feat, n_classes
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.emb = nn.Linear(n_classes + 1, n_feat)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, c, t, context_mask=None):
        c = F.one_hot(c, num_classes=self.n_classes).type(torch.float)
        if context_mask is not None:
            c = c * (1 - context_mask[:, None])
        emb = self.emb(torch.cat([c, t.view(-1, 1)], dim=1))[:, :, None, None]
        return self.out(F.gelu(self.inp(x) + emb))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],)).to(x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        drop = torch.bernoulli(torch.full((x.shape[0],), 0.1)).to(x.device)
        pred = self.nn_model(x_t, c, t / self.n_T, drop)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device, guide_w=0.5):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        c_i = c_i.repeat(2)
        context_mask = torch.zeros_like(c_i).float()
        context_mask[n_sample:] = 1.
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_is = torch.full((2 * n_sample,), i / self.n_T, device=device)
            out = self.nn_model(x_i.repeat(2, 1, 1, 1), c_i, t_is, context_mask)
            eps = (1 + guide_w) * out[:n_sample] - guide_w * out[n_sample:]
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn(n_sample, *size).to(device) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
