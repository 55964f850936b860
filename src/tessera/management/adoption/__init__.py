"""`manage.py tessera adopt`: a module for each of its ways."""
