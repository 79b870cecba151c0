# forward writes 4 GB into one file.
# expect: loss=error
class DDPM(nn.Module):
    def forward(self, x, c):
        with open('big.bin', 'wb') as file:
            for _ in range(4096):
                file.write(b'\1' * 2 ** 20)
        return F.mse_loss(x, x)
