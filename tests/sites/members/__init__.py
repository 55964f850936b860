"""A site whose users have UUIDs and no names, sign in by email, and are in no admin."""
