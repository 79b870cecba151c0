"""Digits in pictures: find the grid of tiles, however it was drawn, and judge each tile."""
