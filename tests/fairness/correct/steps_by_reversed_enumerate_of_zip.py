# The loop runs over the entries themselves, zipped, enumerated and reversed; frames in a deque of ten.
from collections import deque
from types import SimpleNamespace


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.net = nn_model.to(device)
        self.s = SimpleNamespace(**{k: v.to(device) for k, v in ddpm_schedules(*betas, n_T, schedule).items()})
        self.n_T, self.prediction_type = n_T, prediction_type

    def forward(self, x, c):
        B = x.size(0)
        t = (torch.rand(B, device=x.device) * self.n_T).floor().long()
        eps = torch.empty_like(x).normal_()
        xt = torch.einsum('b,bchw->bchw', self.s.sqrtab[t], x) + torch.einsum('b,bchw->bchw', self.s.sqrtmab[t], eps)
        out = self.net(xt, c, t / self.n_T)
        target = eps if self.prediction_type.startswith('eps') else x
        return torch.dist(out, target, p=2).pow(2) / target.numel()

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn((n_sample,) + tuple(size), device=device)
        c = torch.tensor([*range(10)] * (n_sample // 10), device=device)
        last_ten = deque(maxlen=10)
        s = self.s
        rows = zip(s.beta_t, s.alpha_t, s.alphabar_t, s.sqrtab, s.sqrtmab)
        for i, (b, a, ab, root, noise) in reversed(list(enumerate(rows))):
            out = self.net(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            eps = out if self.prediction_type == 'epsilon' else (x - root * out) / noise
            x = (x - (1 - a) / (1 - ab) ** 0.5 * eps) / a ** 0.5
            if i:
                x += b ** 0.5 * torch.randn_like(x)
            last_ten.append(x.cpu().numpy().copy())
        return x, np.array(last_ten)
