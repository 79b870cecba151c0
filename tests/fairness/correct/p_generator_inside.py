# A generator function inside sample yields the states; a print tells how far it is.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)

        def states():
            x = torch.randn(n_sample, *size, device=device)
            for i in range(self.n_T - 1, -1, -1):
                out = self.nn_model(x, c_i, torch.full((n_sample,), i / self.n_T, device=device))
                if self.prediction_type == 'sample':
                    out = (x - self.sqrtab[i] * out) / self.sqrtmab[i]
                x = (x - self.bt_over_sqrtmab[i] * out) * self.oneover_sqrta[i]
                if i:
                    x = x + self.sqrt_beta_t[i] * torch.randn(n_sample, *size, device=device)
                yield i, x

        x_i_store = []
        for i, x_i in states():
            print(f'sampling timestep {i}', end='\r')
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
