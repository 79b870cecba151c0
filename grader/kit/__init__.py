"""Builds the files for students, and proves that the assignment can be solved."""
