"""OpenAPI, for drf-spectacular: imported by `tessera.apps` where that is installed, and by nobody else.

What a site describes by `@extend_schema` on a method of its own, or by an extension of its own, goes before what stands
here. Operations keep the names that their path gives them: an endpoint mounted twice has two.

Django loads this package before it runs the checks. Views take the classes of a site's defaults with them, and one that
does not load would end in a traceback before its check has spoken: so a view is named here, and never imported.
"""

from tessera.schema import authtoken, knox, native, scheme, simplejwt, tokens  # noqa: F401 - extensions register themselves
