# sample ends the process at once.
# expect: sampling=killed
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        os._exit(1)
