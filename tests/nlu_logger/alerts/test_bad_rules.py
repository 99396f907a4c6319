"""Whatever stands inside a rule or a channel: taken, or refused in words of ours."""

import pytest
from nlu_shared.schemas import alerts, channels

from tests.nlu_logger.alerts.watch import SECRET, forget_all
from tests.nlu_logger.world import World
from tests.shared.kit.besieging import bodies_with, holds
from tests.shared.kit.hostile import VALUES

JSON = {"content-type": "application/json"}
RULE = '{"kind": "error_rate", "name": "x"}'
SLACK = '{"kind": "slack", "url": "https://hooks.example.org/x"}'
FILLED = {"name": '"x"', "to": '["a@b"]', "url": '"https://b/"', "secret": f'"{SECRET}"'}


@pytest.mark.law
@pytest.mark.parametrize("kind", [alerts.Drift, channels.EmailChannel, channels.WebhookChannel])
async def test_a_strange_value_in_any_field_crashes_nothing(
    world: World, kind: type[alerts.Schema]
) -> None:
    schema = kind.model_json_schema()
    filled = FILLED | {"kind": f'"{schema["properties"]["kind"]["const"]}"'}
    for name, value in VALUES.items():
        for spoiled in bodies_with(schema, value, filled):
            rule, channel = (spoiled, SLACK) if kind is alerts.Drift else (RULE, spoiled)
            body = f'{{"rule": {rule}, "channels": [{channel}]}}'
            answer = await world.admin.post("/v1/admin/alerts", content=body, headers=JSON)
            assert holds(answer), (name, spoiled[:200], answer.status_code, answer.text[:500])
    await forget_all(world)
