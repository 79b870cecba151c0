"""Anything in place of what students, and machines, send: no target may crash, or take long."""
