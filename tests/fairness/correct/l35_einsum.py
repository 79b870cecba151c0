# x_t by einsum over the batch, the loss by einsum too.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (len(x),), device=x.device)
        noise = torch.randn_like(x)
        x_t = torch.einsum('b,bchw->bchw', self.sqrtab[t], x)
        x_t = x_t + torch.einsum('b,bchw->bchw', self.sqrtmab[t], noise)
        d = self.nn_model(x_t, c, t / self.n_T) - (noise if self.prediction_type == 'epsilon' else x)
        return torch.einsum('bchw,bchw->', d, d) / d.numel()
