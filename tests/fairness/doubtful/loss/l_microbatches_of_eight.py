# the network asked for eight images at a time, weighted sum of losses
class DDPM(nn.Module):
    def forward(self, x, c):
        total = 0
        for xs, cs in zip(x.split(8), c.split(8)):
            t = torch.randint(self.n_T, (len(xs),), device=x.device)
            e = torch.randn_like(xs)
            w = torch.stack([self.sqrtab[t], self.sqrtmab[t]])[:, :, None, None, None]
            out = self.nn_model((w * torch.stack([xs, e])).sum(0), cs, t / self.n_T)
            total = total + F.mse_loss(out, {'epsilon': e, 'sample': xs}[self.prediction_type], reduction='sum')
        return total / x.numel()
