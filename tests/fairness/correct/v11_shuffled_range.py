# Variant 11: t by a shuffled range, repeated where the batch is larger than T.
class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.shape[0]
        rounds = [torch.randperm(self.n_T) for _ in range((B + self.n_T - 1) // self.n_T)]
        t = torch.cat(rounds)[:B].to(x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
