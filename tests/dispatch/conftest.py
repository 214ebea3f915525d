"""Properties run the same examples everywhere, and never against the clock.

200 examples each, and 10,000 in `make test-slow`.
"""

import os

from hypothesis import settings

settings.register_profile("calm", deadline=None, max_examples=200, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=10_000, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "calm"))
