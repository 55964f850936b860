"""Tokens in Django's admin: made, listed and ended there; never edited, and read once.

What the permissions of tokens allow:

    view      the list and the pages of all tokens
    add       a token for anybody who may do no more than oneself, and for a superuser only by one; whoever holds a
              user's token acts as that user. (A user model without Django's permissions has no ranks to compare.)
    change    to revoke: nothing else of a token ever changes
    delete    nothing: the row of an ended token goes with `manage.py tessera prune`, or with its user

A token does not belong into the search box, because what is searched for stands in the address, and so in the server's
log. One that was pasted all the same has leaked: it is taken out of the address, and its row is shown, to be revoked.

Django imports this where `django.contrib.admin` is installed, and nobody else does.
"""

from tessera.admin.grants import GrantAdmin as GrantAdmin
