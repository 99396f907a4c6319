"""A test of a channel: one notice, sent as reports are, and how that went."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.outward import channels, notify
from nlu_shared.schemas.notices import ChannelTest, TestNotice, TestOutcome

from induction.notices import service
from induction.reports.blocks import blocks
from induction.reports.document import Paragraph
from induction.reports.html import page
from induction.reports.plain import plain
from induction.resources import Resources

SUBJECT = "[induction] a test of this channel"
WORDS = "This is a test: no run has ended. Reports of runs will arrive here as this did."


async def sent(resources: Resources, channel_id: UUID, caller: Caller) -> ChannelTest:
    """At once, a single time, and counted among no reports. Raises NotFound and Forbidden."""
    async with session_scope(resources.database, resources.identity(caller)) as session:
        address = await service.address(session, channel_id, caller=caller)
    return await _attempt(resources, address, _notice(channel_id))


async def _attempt(
    resources: Resources, address: Mapping[str, Any], message: notify.Message
) -> ChannelTest:
    try:
        await channels.send(address, message, service.outward(resources.settings))
    except notify.NotDelivered as failed:
        return _undelivered(failed)
    return ChannelTest(outcome=TestOutcome.DELIVERED, reason=None, summary="Delivered.")


def _undelivered(failed: notify.NotDelivered) -> ChannelTest:
    reason = failed.reason
    if failed.is_refused:
        return ChannelTest(
            outcome=TestOutcome.REFUSED, reason=reason, summary=f"Refused: {reason}."
        )
    return ChannelTest(
        outcome=TestOutcome.UNREACHABLE, reason=reason, summary=f"Not reachable: {reason}."
    )


def _notice(channel_id: UUID) -> notify.Message:
    parts = [Paragraph((WORDS,))]
    return notify.Message(
        id=uuid7(),
        subject=SUBJECT,
        text=plain(parts),
        body=TestNotice(channel_id=channel_id, words=[WORDS]).model_dump(mode="json"),
        html=page(SUBJECT, parts),
        blocks=blocks(SUBJECT, parts),
    )
