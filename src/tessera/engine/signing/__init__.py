"""The tokens that are signed, and the keys that sign them."""
