# Guidance by torch.lerp; whole batches lose their labels; y=None comes last.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.label_emb = nn.Embedding(n_classes, n_feat)
        self.time = nn.Linear(n_feat, n_feat)
        self.n_feat = n_feat
        self.inp = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.out = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def pos_encoding(self, t, channels):
        inv_freq = 1.0 / (10000 ** (torch.arange(0, channels, 2, device=t.device).float() / channels))
        return torch.cat([torch.sin(t.repeat(1, channels // 2) * inv_freq), torch.cos(t.repeat(1, channels // 2) * inv_freq)], dim=-1)

    def forward(self, x, t, y):
        t = t.unsqueeze(-1).type(torch.float)
        t = self.time(self.pos_encoding(t, self.n_feat))
        if y is not None:
            t += self.label_emb(y)
        return self.out(F.gelu(self.inp(x) + t[:, :, None, None]))


class DDPM(nn.Module):
    def sample_timesteps(self, n):
        return torch.randint(low=0, high=self.n_T, size=(n,))

    def noise_images(self, x, t):
        sqrt_alpha_hat = torch.sqrt(self.alphabar_t[t])[:, None, None, None]
        sqrt_one_minus_alpha_hat = torch.sqrt(1 - self.alphabar_t[t])[:, None, None, None]
        e = torch.randn_like(x)
        return sqrt_alpha_hat * x + sqrt_one_minus_alpha_hat * e, e

    def forward(self, images, labels):
        t = self.sample_timesteps(images.shape[0]).to(images.device)
        x_t, noise = self.noise_images(images, t)
        if np.random.random() < 0.1:
            labels = None
        predicted = self.nn_model(x_t, t, labels)
        return nn.MSELoss()(noise if self.prediction_type == 'epsilon' else images, predicted)

    def sample(self, n_sample, size, device, cfg_scale=3):
        self.nn_model.eval()
        labels = torch.arange(10).long().to(device).repeat(n_sample // 10)
        store = []
        with torch.no_grad():
            x = torch.randn((n_sample, *size)).to(device)
            for i in tqdm(reversed(range(0, self.n_T)), position=0, total=self.n_T):
                t = (torch.ones(n_sample) * i).long().to(device)
                predicted_noise = self.nn_model(x, t, labels)
                if cfg_scale > 0:
                    uncond = self.nn_model(x, t, None)
                    predicted_noise = torch.lerp(uncond, predicted_noise, cfg_scale)
                alpha = self.alpha_t[t][:, None, None, None]
                alpha_hat = self.alphabar_t[t][:, None, None, None]
                beta = self.beta_t[t][:, None, None, None]
                if self.prediction_type == 'sample':
                    predicted_noise = (x - torch.sqrt(alpha_hat) * predicted_noise) / torch.sqrt(1 - alpha_hat)
                if i > 0:
                    noise = torch.randn_like(x)
                else:
                    noise = torch.zeros_like(x)
                x = 1 / torch.sqrt(alpha) * (x - ((1 - alpha) / (torch.sqrt(1 - alpha_hat))) * predicted_noise) + torch.sqrt(beta) * noise
                if i % 20 == 0:
                    store.append(x.cpu().numpy())
        self.nn_model.train()
        return x, np.array(store)
