# t and noise from numpy, and labels given on as they are; network called by keywords.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.from_numpy(np.random.randint(0, self.n_T, size=x.shape[0])).to(x.device)
        noise = torch.from_numpy(np.random.normal(size=tuple(x.shape)).astype(np.float32)).to(x.device)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x=x_t, c=c, t=t / self.n_T)
        return F.mse_loss(input=pred, target=noise if self.prediction_type == 'epsilon' else x)
