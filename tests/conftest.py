"""What every test shares: the property-test profile and the event loops."""

import os

import pytest
from hypothesis import HealthCheck, settings

# The same examples at every run: a failure on one machine is a failure on all of them. To hunt for
# new ones, run with HYPOTHESIS_PROFILE=explore.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each test marked `anyio` on both event loops."""
    backend: str = request.param
    return backend
