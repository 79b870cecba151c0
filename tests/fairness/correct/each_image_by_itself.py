# forward makes x_t image by image in a Python loop and stacks; random.randrange draws t.
import random


class DDPM(nn.Module):
    def forward(self, x, c):
        ts, noisy, noises = [], [], []
        for image in x:
            t = random.randrange(self.n_T)
            noise = torch.randn_like(image)
            noisy.append(self.sqrtab[t] * image + self.sqrtmab[t] * noise)
            noises.append(noise)
            ts.append(t / self.n_T)
        out = self.nn_model(torch.stack(noisy), c, torch.tensor(ts, device=x.device))
        target = torch.stack(noises) if self.prediction_type == 'epsilon' else x
        return torch.mean(torch.square(out - target))
