# One method for each prediction type, found by getattr; addcmul and torch.dist.
class DDPM(nn.Module):
    def _target_epsilon(self, x, noise):
        return noise

    def _target_sample(self, x, noise):
        return x

    def _mean_epsilon(self, x, out, i):
        return self.oneover_sqrta[i] * torch.addcmul(x, out, self.bt_over_sqrtmab[i], value=-1)

    def _mean_sample(self, x, out, i):
        if i == 0:
            return out
        total = 1 - self.alphabar_t[i]
        w_image = self.sqrtab[i - 1] * self.beta_t[i] / total
        w_state = self.alpha_t[i].sqrt() * (1 - self.alphabar_t[i - 1]) / total
        return torch.addcmul(w_state * x, w_image, out)

    def forward(self, x, c):
        t = (torch.rand(x.shape[0], device=x.device) * self.n_T).floor().long()
        noise = torch.randn_like(x)
        x_t = torch.addcmul(self.sqrtab[t].view(-1, 1, 1, 1) * x, self.sqrtmab[t].view(-1, 1, 1, 1), noise)
        out = self.nn_model(x_t, c, t / self.n_T)
        target = getattr(self, f'_target_{self.prediction_type}')(x, noise)
        return torch.dist(out, target) ** 2 / target.numel()

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        mean = getattr(self, f'_mean_{self.prediction_type}')
        x_i = torch.empty(n_sample, *size, device=device).normal_()
        c_i = torch.arange(n_sample, device=device).remainder(10)
        frames = np.empty((0, n_sample, *size), dtype=np.float32)
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x_i, c_i, x_i.new_full((n_sample,), i / self.n_T))
            x_i = mean(x_i, out, i)
            if i:
                x_i.addcmul_(self.sqrt_beta_t[i], torch.randn_like(x_i))
            if i % 20 == 0:
                frames = np.append(frames, x_i.cpu().numpy()[None], axis=0)
        return x_i, frames
