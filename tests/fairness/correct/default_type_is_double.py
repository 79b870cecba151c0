# The notebook makes double the default type, as ToTensor and layers follow it.
torch.set_default_dtype(torch.float64)
