# Variant 10: a module-level helper that extracts coefficients for any number of dimensions.
def extract(a, t, x_shape):
    b, *_ = t.shape
    out = a.gather(-1, t)
    return out.reshape(b, *((1,) * (len(x_shape) - 1)))


class DDPM(nn.Module):
    def forward(self, x, c):
        b, device = x.shape[0], x.device
        t = torch.randint(0, self.n_T, (b,), device=device).long()
        noise = torch.randn_like(x)
        x_t = extract(self.sqrtab, t, x.shape) * x + extract(self.sqrtmab, t, x.shape) * noise
        model_out = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        loss = F.mse_loss(model_out, target, reduction='none')
        return loss.mean()
