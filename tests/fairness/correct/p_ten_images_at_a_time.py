# Ten images are sampled from T to 1, then the next ten, for little memory; all are joined at the end.
class DDPM(nn.Module):
    def sample_ten(self, size, device):
        x = torch.randn(10, *size).to(device)
        c = torch.arange(0, 10).to(device)
        frames = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x, c, torch.full((10,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else 0
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                frames.append(x.cpu().numpy())
        return x, np.array(frames)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        rows = [self.sample_ten(size, device) for _ in range(n_sample // 10)]
        return torch.cat([x for x, _ in rows]), np.concatenate([f for _, f in rows], axis=1)
