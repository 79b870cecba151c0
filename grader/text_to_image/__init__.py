"""Notebook 2-2: what was asked of Stable Diffusion, and what came out. It is read, never run."""
