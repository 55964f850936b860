"""Taking over what another package made: one key, its table, or a JWT when it is first used."""
