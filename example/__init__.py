"""Albums and tracks: a small service on Django REST framework, whose tokens come from tessera."""
