"""What the grader asks inside the student's kernel.

The files of this folder are sent there as text. They import torch, numpy and the standard library
only, know nothing of the reference or of the right answers, and judge nothing: they call what the
student wrote and hand back arrays and facts.
"""
