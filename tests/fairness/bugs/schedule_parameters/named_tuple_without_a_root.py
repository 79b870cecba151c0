# The entries come as a named tuple, and sqrtmab is 1 - alphabar without the root.
from typing import NamedTuple
class Sch(NamedTuple):
    beta_t: torch.Tensor
    sqrt_beta_t: torch.Tensor
    alpha_t: torch.Tensor
    alphabar_t: torch.Tensor
    sqrtab: torch.Tensor
    oneover_sqrta: torch.Tensor
    sqrtmab: torch.Tensor
    bt_over_sqrtmab: torch.Tensor
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    b = beta_schedule(beta1, beta2, T, schedule)
    a = 1 - b
    ab = torch.cumprod(a, 0)
    return Sch(b, b.sqrt(), a, ab, ab.sqrt(), a.rsqrt(), (1 - ab), b / (1 - ab).sqrt())
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
