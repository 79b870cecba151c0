# Noise by torch.normal(0, 1, size), t by randperm cut to the batch or repeated.
class DDPM(nn.Module):
    def forward(self, x, c):
        B = x.shape[0]
        t = torch.cat([torch.randperm(self.n_T) for _ in range(B // self.n_T + 1)])[:B].to(x.device)
        noise = torch.normal(0.0, 1.0, size=tuple(x.shape)).to(x.device)
        x_t = self.sqrtab[t].reshape(B, 1, 1, 1) * x + self.sqrtmab[t].reshape(B, 1, 1, 1) * noise
        prediction = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
