"""The published keys: `path("", include("tessera.plain.jwks"))` mounts `/.well-known/jwks.json` (RFC 7517 §5).

By them, others verify our JWTs and can sign none.
"""

import json
from hashlib import sha256

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tessera import clock
from tessera.conf import current
from tessera.engine.signing.entrance import CURE
from tessera.errors import StoreDown
from tessera.plain.refusals import refused
from tessera.web.transactions import outside

try:
    from tessera.engine.signing.keys import published
    from tessera.format.jwk import public
except ModuleNotFoundError as error:
    raise ImproperlyConfigured(f"Publishing the keys that sign JWTs takes the package {error.name}: {CURE}") from error


@outside
@csrf_exempt
@login_not_required
@require_safe
def jwks(request: HttpRequest) -> HttpResponseBase:
    """The keys as a JWK Set. Whoever asks may keep them for `JWKS_MAX_AGE`."""
    try:
        keys = [public(key) for key in published(clock.now())]
    except StoreDown as error:
        return refused(error, request)
    body = json.dumps({"keys": keys}).encode()
    etag = quote_etag(sha256(body).hexdigest()[:32])
    response = HttpResponse(body, content_type="application/json")
    response.headers["ETag"] = etag
    # Before the first key is made there is nothing to keep.
    kept = {"public": True, "max_age": int(current().JWKS_MAX_AGE.total_seconds())} if keys else {"no_cache": True}
    patch_cache_control(response, **kept)
    return get_conditional_response(request, etag=etag, response=response) or response


urlpatterns = [path(".well-known/jwks.json", jwks, name="jwks")]
