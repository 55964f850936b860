"""How often something may be tried: the `RATES` of the site, and what is counted by each."""
