# Class and time go to the network in a dictionary; while sampling, time is a NumPy number.
class ContextUnet(nn.Module):
    def forward(self, x, condition):
        one_hot = F.one_hot(condition['c'].long(), self.n_classes).to(x.dtype)
        t = torch.as_tensor(condition['t'], dtype=x.dtype, device=x.device)
        time = self.time_features(t.reshape(-1, 1))
        emb = F.silu(self.time_mlp(time) + self.class_mlp(one_hot))
        full = self.stem(x)
        half = self.block1(self.down1(full), emb)
        h = self.middle1(self.down2(half), emb)
        h = self.up1(self.middle2(h, emb))
        h = self.up2(self.block2(torch.cat([h, half], dim=1), emb))
        return self.head(torch.cat([h, full], dim=1))


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, {'c': c, 't': t})
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)

    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        store = []
        with torch.no_grad():
            for i in np.arange(self.n_T)[::-1]:
                eps = self.nn_model(x_i, {'c': c_i, 't': i})
                if self.prediction_type == 'sample':
                    eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
                z = torch.randn_like(x_i) if i > 0 else 0
                x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
                x_i = x_i + self.sqrt_beta_t[i] * z
                if i % 20 == 0:
                    store.append(x_i.cpu().numpy())
        return x_i, np.array(store)
