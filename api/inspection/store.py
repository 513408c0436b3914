"""The store that servers share: Redis or Valkey, where one is set."""

from typing import Final

from api.data.store import connect_store, failures
from api.inspection.finding import Finding
from api.inspection.scene import Scene

OLDEST: Final = (6, 2)
"""The oldest Redis that is known to work."""


async def reachable(scene: Scene) -> list[Finding]:
    """Look whether the store answers, and whether anything needs one."""
    settings = scene.settings
    if settings.redis_url is None:
        if settings.response_cache_shared:
            says = "ACHENE_RESPONSE_CACHE_SHARED is set, and there is no store."
            return [Finding.fail("store", says, "Set REDIS_URL.")]
        return [Finding.ok("store", "None is set: servers share nothing.")]
    store = connect_store(settings.redis_url, settings.redis_timeout_seconds)
    try:
        told = await store.info("server")
    except failures() as error:
        says = f"It does not answer in {settings.redis_timeout_seconds:g} s ({type(error).__name__})."
        return [Finding.fail("store", says, "Look at REDIS_URL, and whether the store lets us in.")]
    finally:
        await store.aclose()
    name = "Valkey" if "valkey_version" in told else "Redis"
    number = str(told.get("valkey_version") or told["redis_version"])
    if tuple(map(int, str(told["redis_version"]).split(".")[:2])) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        return [Finding.warn("store", f"{name} {number} is old.", f"Use Redis {wanted}, any Valkey, or newer.")]
    return [Finding.ok("store", f"{name} {number} answers.")]
