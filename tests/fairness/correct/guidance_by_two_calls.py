# Classifier-free guidance by two calls of the network a step, with the classes and without.
class ContextUnet(nn.Module):
    def forward(self, x, c, t, keep):
        one_hot = F.one_hot(c.long(), self.n_classes).to(x.dtype) * keep[:, None]
        time = self.time_features(t.to(x.dtype).reshape(-1, 1))
        emb = F.silu(self.time_mlp(time) + self.class_mlp(one_hot))
        full = self.stem(x)
        half = self.block1(self.down1(full), emb)
        h = self.up1(self.middle2(self.middle1(self.down2(half), emb), emb))
        h = self.up2(self.block2(torch.cat([h, half], dim=1), emb))
        return self.head(torch.cat([h, full], dim=1))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        keep = (torch.rand(x.shape[0], device=x.device) > 0.1).float()
        pred = self.nn_model(x_t, c, t / self.n_T, keep)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
    @torch.no_grad()
    def sample(self, n_sample, size, device, w=0.5):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        one = torch.ones(n_sample, device=device)
        for i in reversed(range(self.n_T)):
            t = torch.full((n_sample,), i / self.n_T, device=device)
            cond = self.nn_model(x_i, c_i, t, one)
            uncond = self.nn_model(x_i, c_i, t, 0 * one)
            eps = (1 + w) * cond - w * uncond
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
