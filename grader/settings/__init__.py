"""The four trained settings: their folders, pictures and checkpoints."""
