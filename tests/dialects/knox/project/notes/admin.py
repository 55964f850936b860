from django.contrib import admin
from knox.admin import AuthTokenAdmin
from knox.models import AuthToken

from notes.models import Note

admin.site.register(Note)
admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class TokenAdmin(AuthTokenAdmin):
    list_display = ["user", "created", "expiry"]
    search_fields = ["user__username"]
