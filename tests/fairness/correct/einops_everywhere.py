# einops wherever a shape changes: coefficients, labels, frames and the loss.
from einops import rearrange, reduce, repeat


class DDPM(nn.Module):
    def coef(self, name, t):
        return rearrange(getattr(self, name)[t], 'b -> b 1 1 1')

    def forward(self, x, c):
        b = x.shape[0]
        t = torch.randint(self.n_T, (b,), device=x.device)
        eps = torch.randn_like(x)
        x_t = self.coef('sqrtab', t) * x + self.coef('sqrtmab', t) * eps
        out = self.nn_model(x_t, c, rearrange(t / self.n_T, 'b -> b 1'))
        target = eps if self.prediction_type == 'epsilon' else x
        loss = reduce(F.mse_loss(out, target, reduction='none'), 'b ... -> b', 'mean')
        return loss.mean()

    @torch.inference_mode()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = repeat(torch.arange(10, device=device), 'd -> (r d)', r=n_sample // 10)
        frames = [x]
        for t in torch.arange(self.n_T - 1, -1, -1, device=device):
            out = self.nn_model(x, c, repeat(t / self.n_T, '-> b 1', b=n_sample))
            ab = self.alphabar_t[t]
            ab_prev = self.alphabar_t[t - 1] if t > 0 else torch.ones_like(ab)
            x0 = out if self.prediction_type == 'sample' else (x - (1 - ab).sqrt() * out) / ab.sqrt()
            mean = (ab_prev.sqrt() * self.beta_t[t] * x0 + self.alpha_t[t].sqrt() * (1 - ab_prev) * x) / (1 - ab)
            var = self.beta_t[t] * (1 - ab_prev) / (1 - ab)
            x = mean + var.sqrt() * torch.randn_like(x) * (t > 0)
            if t % 20 == 0:
                frames.append(x)
        return x.clone(), rearrange(frames, 'f b c h w -> f b c h w').cpu().numpy()
