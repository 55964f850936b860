from django.contrib import admin
from django.urls import include, path
from knox import views as knox_views

from notes import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/auth/login/", views.LoginView.as_view(), name="knox_login"),
    path("api/auth/logout/", knox_views.LogoutView.as_view(), name="knox_logout"),
    path("api/auth/logoutall/", knox_views.LogoutAllView.as_view(), name="knox_logoutall"),
    path("api/auth/form-login/", views.FormLoginView.as_view()),
    path("api/auth/", include("knox.urls")),
    path("api/register/", views.RegisterView.as_view()),
    path("api/devices/", views.DeviceList.as_view()),
    path("api/notes/", views.NoteList.as_view()),
]
