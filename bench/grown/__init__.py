"""Tables of any size, and what is asked of them."""
