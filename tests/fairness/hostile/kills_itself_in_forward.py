# forward kills its own process with SIGKILL.
# expect: loss=killed
class DDPM(nn.Module):
    def forward(self, x, c):
        os.kill(os.getpid(), 9)
