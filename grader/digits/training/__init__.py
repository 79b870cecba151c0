"""How the judge was made: ``python -m grader.digits.training``. Nothing here runs while grading."""
