"""The admin of albums and tracks. The admin of tokens comes with tessera."""

from django.contrib import admin

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
