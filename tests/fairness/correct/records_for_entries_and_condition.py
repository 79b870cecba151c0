# The entries come as a named tuple; class and time go to the network in a dataclass.
from collections import namedtuple
Sch = namedtuple('Sch', 'beta_t sqrt_beta_t alpha_t alphabar_t sqrtab oneover_sqrta sqrtmab bt_over_sqrtmab')
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    b = beta_schedule(beta1, beta2, T, schedule)
    a = 1 - b
    ab = torch.cumprod(a, 0)
    return Sch(b, b.sqrt(), a, ab, ab.sqrt(), a.rsqrt(), (1 - ab).sqrt(), b / (1 - ab).sqrt())
from dataclasses import dataclass
@dataclass
class Cond:
    label: torch.Tensor
    time: torch.Tensor
class ContextUnet(nn.Module):
    def forward(self, x, cond):
        one_hot = F.one_hot(cond.label.long(), self.n_classes).to(x.dtype)
        time = self.time_features(cond.time.to(x.dtype).reshape(-1, 1))
        emb = F.silu(self.time_mlp(time) + self.class_mlp(one_hot))
        full = self.stem(x)
        half = self.block1(self.down1(full), emb)
        h = self.up1(self.middle2(self.middle1(self.down2(half), emb), emb))
        h = self.up2(self.block2(torch.cat([h, half], dim=1), emb))
        return self.head(torch.cat([h, full], dim=1))


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule)._asdict().items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.schedule = schedule
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, Cond(c, t / self.n_T))
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        st = []
        for i in range(self.n_T - 1, -1, -1):
            e = self.nn_model(x_i, Cond(label=c_i, time=torch.full((n_sample,), i / self.n_T, device=device)))
            if self.prediction_type == 'sample':
                e = (x_i - self.sqrtab[i] * e) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * e) + (self.sqrt_beta_t[i] * torch.randn_like(x_i) if i > 0 else 0)
            if i % 20 == 0: st.append(x_i.cpu().numpy())
        return x_i, np.array(st)
