"""What gunicorn serves in `tests/dialects/authtoken/test_over_sockets.py`."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
