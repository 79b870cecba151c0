"""Pictures that students show: where they stand in a notebook's outputs, and their pixels."""
