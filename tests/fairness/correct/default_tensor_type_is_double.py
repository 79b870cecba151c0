# Doubles by the older call.
torch.set_default_tensor_type(torch.DoubleTensor)
