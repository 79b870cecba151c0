# sample asks the user how many images are wanted.
# expect: sampling=error
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        n_sample = int(input('How many images? '))
        return torch.randn(n_sample, *size), np.array([])
