"""The token string and its keys: bytes in, bytes out. No Django here."""
