"""An interface of our own, in the words of RFC 6749: a pair for a name and a password, the next pair, and the end."""
