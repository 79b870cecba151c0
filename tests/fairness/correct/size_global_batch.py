# t is drawn for the global batch_size, as the loader drops the last batch.
dataloader = DataLoader(dataset, batch_size=batch_size, shuffle=True, drop_last=True)

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (batch_size,), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
