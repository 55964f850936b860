"""What it costs to keep a user signed in, and to sign a user out everywhere: tessera beside its peers."""
