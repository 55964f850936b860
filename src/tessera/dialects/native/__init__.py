"""An interface of our own, in the words of RFC 6749: a pair, the next one, the end, and the list of what a user has."""
