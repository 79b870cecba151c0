"""A whole class: gathers submissions, grades them on any executor, keeps results in a journal."""
