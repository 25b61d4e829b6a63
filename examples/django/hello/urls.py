"""Three addresses: one that counts in the database, the admin, one for the health check."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpRequest, JsonResponse
from django.urls import path


def users(request: HttpRequest) -> JsonResponse:
    """Add a user and say how many there are; the tables are made when they are missing."""
    call_command("migrate", verbosity=0)
    name = f"user{User.objects.count()}"
    User.objects.create_user(name)
    return JsonResponse({"users": User.objects.count()})


def health(request: HttpRequest) -> JsonResponse:
    """Answer the health check."""
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("", users),
    path("admin/", admin.site.urls),
    path("health", health),
]
