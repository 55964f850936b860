"""The dialects: each is one HTTP interface, another package's or our own. No dialect knows another."""
