"""Properties run the same examples everywhere, and never against the clock."""

from hypothesis import settings

settings.register_profile("calm", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("calm")
