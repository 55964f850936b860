"""Where the peer has its rows."""
