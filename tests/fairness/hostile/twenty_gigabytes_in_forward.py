# forward asks for 20 GB and touches them.
# expect: loss=out_of_memory|timeout
class DDPM(nn.Module):
    def forward(self, x, c):
        hoard = []
        for _ in range(80):
            hoard.append(torch.ones(64 * 2 ** 20))  # 256 MB each
        return sum(block.sum() for block in hoard)
