"""The students' own check: the grader's checks over public questions, packed into one file."""
