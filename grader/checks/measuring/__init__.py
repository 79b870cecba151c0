"""What is measured of losses, samplers and what their network was told."""
