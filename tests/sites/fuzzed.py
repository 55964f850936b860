"""The example as it is fuzzed: from one address, under one name, by far more log-ins than a person ever makes.

The throttle stays, with numbers that only a run away from all bounds would reach. So does what strangers do to a name.
"""

from example.settings import *  # noqa: F403
from example.settings import TESSERA

TESSERA["RATES"] = {"name_and_address": "1000/minute", "address": "5000/minute"}
# A real hasher takes a quarter of a second for each of them.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
