# The default device is said once for all.
torch.set_default_device('cpu')
device = torch.device('cpu')
