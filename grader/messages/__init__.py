"""What a verdict says: an id and values, and the sentences made of them."""
