"""The rows of the grants, in the database: how they are found, read and written. The verbs say which, and when."""
