"""One file a rubric item: what to ask the student's code, and how to judge what comes back.

Everything here runs outside the sandbox, on plain arrays. ``oracle.py`` is the only module of the
grader that imports the reference.
"""
