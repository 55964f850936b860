"""Marking words for translation, on the floors that know no Django."""


def gettext_noop(text: str) -> str:
    """`text` as it is, for the catalogs. Whoever shows it translates it.

    It is called what Django's is called: `makemessages` looks for the name.
    """
    return text
