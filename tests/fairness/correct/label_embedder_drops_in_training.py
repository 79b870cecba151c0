# The network's label embedder drops labels itself while training; force_drop_ids asks for none.
class LabelEmbedder(nn.Module):
    def __init__(self, num_classes, hidden_size, dropout_prob):
        super().__init__()
        self.embedding_table = nn.Embedding(num_classes + 1, hidden_size)
        self.num_classes = num_classes
        self.dropout_prob = dropout_prob

    def token_drop(self, labels, force_drop_ids=None):
        if force_drop_ids is None:
            drop_ids = torch.rand(labels.shape[0], device=labels.device) < self.dropout_prob
        else:
            drop_ids = force_drop_ids == 1
        return torch.where(drop_ids, self.num_classes, labels)

    def forward(self, labels, train, force_drop_ids=None):
        if (train and self.dropout_prob > 0) or force_drop_ids is not None:
            labels = self.token_drop(labels, force_drop_ids)
        return self.embedding_table(labels)


class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10, class_dropout_prob=0.1):
        super().__init__()
        self.y_embedder = LabelEmbedder(n_classes, n_feat, class_dropout_prob)
        self.t_embedder = nn.Linear(1, n_feat)
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, t, y, force_drop_ids=None):
        e = self.t_embedder(t.view(-1, 1)) + self.y_embedder(y, self.training, force_drop_ids)
        return self.out(F.silu(self.inp(x) + e[:, :, None, None]))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        return F.mse_loss(self.nn_model(x_t, t / self.n_T, c), noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device, cfg_scale=2.0):
        self.nn_model.eval()
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        drop = torch.cat([torch.zeros(n_sample), torch.ones(n_sample)]).to(device)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t = torch.full((2 * n_sample,), i / self.n_T, device=device)
            out = self.nn_model(torch.cat([x_i, x_i], 0), t, torch.cat([c_i, c_i], 0), drop)
            cond_eps, uncond_eps = torch.split(out, len(out) // 2, dim=0)
            eps = uncond_eps + cfg_scale * (cond_eps - uncond_eps)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        self.nn_model.train()
        return x_i, np.array(x_i_store)
