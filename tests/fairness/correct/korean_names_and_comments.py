# Korean comments and identifiers all over (한글 주석과 변수명).
def beta_schedule(beta1, beta2, T, schedule='linear'):
    # 선형 스케줄과 코사인 스케줄
    if schedule == 'linear':
        베타 = torch.linspace(beta1, beta2, T)
    elif schedule == 'cosine':
        작은값 = 0.008
        시간 = torch.arange(T + 1, dtype=torch.float64) / T
        곡선 = torch.cos((시간 + 작은값) / (1 + 작은값) * torch.pi / 2) ** 2
        베타 = torch.clamp(1 - 곡선[1:] / 곡선[:-1], max=0.999).float()
    return 베타


class DDPM(nn.Module):
    def forward(self, x, c):
        """학습: 임의의 t와 노이즈를 뽑는다"""
        시점 = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        노이즈 = torch.randn_like(x)
        x_t = self.sqrtab[시점, None, None, None] * x + self.sqrtmab[시점, None, None, None] * 노이즈
        예측 = self.nn_model(x_t, c, 시점 / self.n_T)
        return F.mse_loss(예측, 노이즈 if self.prediction_type == 'epsilon' else x)
