"""Renders results for people; pure functions of a ``Result``."""
