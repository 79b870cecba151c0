# A method for each prediction type, found in a dict; the noise level by pow of alphabar.
class DDPM(nn.Module):
    def loss_of_noise(self, prediction, x, noise):
        return torch.nn.functional.mse_loss(input=prediction, target=noise, reduction='mean')

    def loss_of_image(self, prediction, x, noise):
        return torch.nn.functional.mse_loss(input=prediction, target=x, reduction='mean')

    def forward(self, x, c):
        losses = {'epsilon': self.loss_of_noise, 'sample': self.loss_of_image}
        t = torch.randint(high=self.n_T, size=(x.size(0),), device=x.device)
        noise = torch.randn(x.size(), device=x.device, dtype=x.dtype)
        alphabar = self.alphabar_t.index_select(0, t)[:, None, None, None]
        x_t = alphabar.pow(0.5) * x + (1 - alphabar).pow(0.5) * noise
        return losses[self.prediction_type](self.nn_model(x_t, c, t.div(self.n_T)), x, noise)
