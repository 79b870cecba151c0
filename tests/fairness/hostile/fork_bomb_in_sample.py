# sample forks without end: more processes than are allowed, so the whole kernel is ended.
# expect: sampling=killed|timeout
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        while True:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        pass
