from django.contrib import admin
from django.urls import path
from rest_framework.authtoken.views import obtain_auth_token

from books import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api-token-auth/", obtain_auth_token),
    path("login/", views.LogIn.as_view()),
    path("logout/", views.log_out),
    path("register/", views.register),
    path("new-key/", views.new_key),
    path("me/", views.me),
    path("books/", views.BookList.as_view()),
]
