"""The reference solution: schedules, network, loss and sampler. Never given to students."""
