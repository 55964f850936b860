"""On what it was measured."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("Django", "djangorestframework", "psycopg", "django-rest-knox", "djangorestframework-simplejwt")


def machine() -> dict[str, str]:
    """Python, the packages, the processor and how many of it there are."""
    packages = {name: version(name) for name in PACKAGES}
    return {"Python": platform.python_version(), **packages, "CPU": f"{processor()}, {os.cpu_count()} cores"}


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
