"""What is given out to students, and the proof that it can be solved."""
