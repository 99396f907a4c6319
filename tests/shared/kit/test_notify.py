"""What is told: signed as the specification says, and a mail whatever the words are."""

import json
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.ids import uuid7
from nlu_shared.kit.outward.notify import Message, NotDelivered, email, mail, signature, slack
from nlu_shared.schemas.alerts import OneLine
from nlu_shared.schemas.channels import Address
from pydantic import TypeAdapter, ValidationError

from tests.fixtures.receiver import mailbox, receiving

ADDRESS, NAME = TypeAdapter(Address), TypeAdapter(OneLine)
words = st.text("aZ0_%+'-", min_size=1, max_size=8)
hosts = st.text("aZ0", min_size=1, max_size=8) | st.sampled_from(["xn--a", "a-b"])
addresses = st.builds(
    lambda local, host: f"{'.'.join(local)}@{'.'.join(host)}",
    st.lists(words, min_size=1, max_size=3),
    st.lists(hosts, min_size=1, max_size=3),
)


def test_the_signature_is_the_one_of_the_specifications_example() -> None:
    """https://github.com/standard-webhooks: the vector its libraries test themselves with."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.lists(addresses, min_size=1, max_size=3), st.text(max_size=40))
def test_every_mail_a_rule_can_ask_for_can_be_written(to: list[str], name: str) -> None:
    message = Message(uuid7(), f"ALERT: {_named(name)}", "A line.\nAnother.\n", {})
    for address in to:
        ADDRESS.validate_python(address)
    written = mail(message, sender="nlu@example.org", to=to).as_bytes()
    read = message_from_bytes(written, policy=policy.default)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


async def test_a_password_is_not_sent_to_a_server_without_tls() -> None:
    message = Message(uuid7(), "ALERT: x", "A line.\n", {})
    async with mailbox() as box:
        with_password = box.url.replace("smtp://", "smtp://nlu:a%20secret@")
        with pytest.raises(NotDelivered):
            await email(with_password, message, sender="nlu@example.org", to=["ann@example.org"])
        assert box.mails == []
        await email(box.url, message, sender="nlu@example.org", to=["ann@example.org"])
    assert len(box.mails) == 1


async def test_a_mail_server_that_is_away_is_not_an_error_of_ours() -> None:
    message = Message(uuid7(), "ALERT: x", "A line.\n", {})
    with pytest.raises(NotDelivered, match="smtp unreachable"):
        await email("smtp://127.0.0.1:1", message, sender="nlu@b", to=["ann@example.org"])


def _named(name: str) -> str:
    """The name, where a rule may have it."""
    try:
        return NAME.validate_python(name)
    except ValidationError:
        return "a rule"


async def test_slack_is_told_in_words_where_it_takes_no_blocks() -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}]
    message = Message(uuid7(), "<!channel>", "a & b", {}, blocks=blocks)
    async with receiving() as receiver:
        for answers, sent in (([], 1), ([400], 2), ([400, 500], 2), ([500], 1)):
            receiver.got.clear()
            receiver.answers = list(answers)
            if 500 in answers:
                with pytest.raises(NotDelivered, match="status 500"):
                    await slack(receiver.url, message, private_hosts=["127.0.0.1"])
            else:
                await slack(receiver.url, message, private_hosts=["127.0.0.1"])
            bodies = [json.loads(body) for _, body in receiver.got]
            text = "*&lt;!channel&gt;*\na &amp; b"
            assert bodies == [{"text": text, "blocks": blocks}, {"text": text}][:sent]
