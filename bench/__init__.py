"""What an authenticated request costs: tessera beside its peers, and beside the cheapest that one can write."""
