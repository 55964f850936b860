"""The page at /app/: somebody with a browser signs in, sees the devices that are signed in, and adds a track.

It is a page like any other, and the same for everybody: who somebody is, its script asks the service, with cookies that
the script itself cannot read.
"""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

# Our own files, and requests to nobody but us: what slips into the page does not run, and tells nobody anything.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",  # The script sends the forms. Without it, a password must not end up in the address.
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {source}" for name, source in POLICY.items()),
    "Referrer-Policy": "no-referrer",
}


@require_safe
def app(request: HttpRequest) -> HttpResponse:
    """Nothing in it depends on who asks."""
    return TemplateResponse(request, "example/app.html", headers=HEADERS)
