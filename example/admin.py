"""The admin of albums and tracks. The admin of tokens comes with tessera."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from example.models import Album, Track


@admin.register(Album)
class AlbumAdmin(admin.ModelAdmin):
    list_display = ["name", "artist", "owner"]
    list_select_related = ["owner"]
    search_fields = ["name", "artist"]
    autocomplete_fields = ["owner"]  # Not a drop-down: it would hold every user there is.


@admin.register(Track)
class TrackAdmin(admin.ModelAdmin):
    list_display = ["title", "album", "duration", "owner"]
    list_select_related = ["album", "owner"]
    search_fields = ["title", "album__name"]
    autocomplete_fields = ["album", "owner"]


class PersonAdmin(UserAdmin):
    # Django's own form asks for the address later, when the link has been mailed.
    add_fieldsets = (*UserAdmin.add_fieldsets, (None, {"fields": ["email"]}))


if admin.site.is_registered(User):  # A site may have users of another model.
    admin.site.unregister(User)
    admin.site.register(User, PersonAdmin)
