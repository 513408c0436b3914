"""Hostile requests: each is refused by name, others are answered meanwhile, and nothing is left of it."""

import pytest

from tests.attacks.conftest import Victim
from tests.attacks.payloads import ATTACKS, JSON, Attack

pytestmark = pytest.mark.xdist_group("attacks")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
async def test_attack(victim: Victim, attack: Attack) -> None:
    """A hostile request has its own clear error, or a harmless answer; ordinary ones are answered beside it."""
    content, headers = attack.content(), JSON | attack.headers

    async def send() -> None:
        response = await victim.attacker.request(attack.method, attack.path, content=content, headers=headers)
        found = response.json()
        codes = [error["extensions"]["code"] for error in found.get("errors", [{"extensions": {"code": None}}])]
        assert (response.status_code, codes[0]) == (attack.status, attack.code), response.text[:500]
        if attack.data is not None:
            assert found["data"] == attack.data
        if attack.code:
            assert attack.says in found["errors"][0]["message"]
            assert len(response.content) < 20_000

    async with victim.under(attack.name):
        await victim.beside(send)
