"""Gradescope: its ``results.json``, and the autograder that it runs."""
