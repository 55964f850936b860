"""The dialects: each serves the HTTP interface of another package. No dialect knows another."""
