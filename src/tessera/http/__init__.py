"""The header and the status: how a credential rides in, and how a refusal goes out. No Django here."""
