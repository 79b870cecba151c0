"""The review workbench: a local page on which TAs settle what the grader is in doubt about."""
