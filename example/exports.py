"""A view of Django's own, to show that it takes the same tokens as those of REST framework."""

import csv

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from example.models import Track
from tessera.plain import token_required


@token_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The tracks of whoever asks, as a file."""
    headers = {"Content-Disposition": 'attachment; filename="tracks.csv"'}
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    rows = csv.writer(answer)
    rows.writerow(["id", "album", "title", "duration"])
    # `request.user` is the user of the token, of whom a machine has none. A session opens nothing here.
    rows.writerows(Track.objects.filter(owner_id=request.user.pk).values_list("id", "album__name", "title", "duration"))
    return answer
