"""Training at module level, right behind the class, with a checkpoint that exists elsewhere only."""


def edit(nb):
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source += (
        "\n\nmodel = ContextUnet(1, 128, 10).cuda()\n"
        "ddpm = DDPM(model, (1e-4, 0.02), 1000, 'epsilon', 'linear', 'cuda')\n"
        "ddpm.load_state_dict(torch.load('./results_epsilon_linear/model_final.pth'))\n"
        "opt = torch.optim.Adam(ddpm.parameters(), lr=1e-4)\n"
        "for epoch in range(100):\n    for x, c in dataloader:\n"
        "        loss = ddpm(x.cuda(), c.cuda()); opt.zero_grad(); loss.backward(); opt.step()\n"
    )
