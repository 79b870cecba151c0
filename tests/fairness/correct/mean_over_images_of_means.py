# The loss is averaged over an image's pixels, then over the batch.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        loss_per_image = F.mse_loss(pred, target, reduction='none').flatten(1).mean(dim=1)
        return loss_per_image.mean()
