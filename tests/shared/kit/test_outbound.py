"""Addresses somebody typed in: what is called, and what never is."""

import asyncio
import contextlib
import ipaddress
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.kit.outward.outbound import Resolve, UnsafeAddress, check_url, is_public, post

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
MOVED = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/secret\r\n\r\n"


@asynccontextmanager
async def listening(
    answer: bytes | None = NO_CONTENT, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port and the heads of the requests it got; None answers nothing."""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def resolving(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of hook.example, which the machine trusts during the test."""
    key, public = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "1", "-subj", "/CN=hook.example", "-keyout", key, "-out", public,
            "-addext", "subjectAltName=DNS:hook.example",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, key)
    return context


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8",
        "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fd00:ec2::254", "ff02::1",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1",
        "100::1", "5f00::1", "", "localhost", "1.2.3", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_an_address_of_the_public_internet(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4), st.sampled_from([0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112, 0]))
def test_no_ipv6_address_smuggles_an_ipv4_address_in(
    inner: ipaddress.IPv4Address, prefix: int
) -> None:
    shift = 80 if prefix >> 112 == 0x2002 else 0
    assert not is_public(str(ipaddress.IPv6Address(prefix | int(inner) << shift)))


@given(st.ip_addresses(v=4))
def test_python_calls_no_address_private_that_we_call(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or not address.is_global:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "https:///path", "//example.com/", "example.com", "http://example.com/",
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)",
        "https://user@example.com/", "https://user:pw@example.com/", "https://:pw@example.com/",
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1%25a]/",
        "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1:8443/", "https://0.0.0.0/",
        "https://example.com:0/", "https://example.com:99999/", "https://example.com:port/",
        "https://example.com\\@127.0.0.1/", "https://exam\nple.com/", "https://[::1/",
        "https://example.com#@127.0.0.1/ \x00", "https://ex ample.com/",
    ],
)  # fmt: skip
def test_a_url_that_is_refused_at_once(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.slack.com/services/T/B/x", "https://8.8.8.8/", "https://example.com:8443"],
)
def test_a_url_that_may_be_called(url: str) -> None:
    check_url(url)


odd = st.sampled_from([*"/:@?#[]%.\\ \t0x1aZ\u0131\u3002\u00ad\x00", "127.0.0.1", "a" * 64])
hosts = st.lists(odd, max_size=6).map("".join)


@given(hosts, st.sampled_from(["https://", "https:/", "HTTPS://", "http://", ""]))
async def test_whatever_is_typed_in_is_called_or_refused_and_nothing_else(
    host: str, scheme: str
) -> None:
    with contextlib.suppress(UnsafeAddress):
        check_url(scheme + host)
    with pytest.raises((UnsafeAddress, OSError)):
        await post(scheme + host, b"", headers={}, resolve=resolving("10.0.0.1"))


async def test_a_name_that_can_be_none_has_no_address() -> None:
    with pytest.raises(OSError, match="no host"):
        await post(f"https://{'a' * 64}.example/", b"", headers={})


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "localhost."],
)
async def test_a_name_for_this_machine_is_found_out_by_what_it_resolves_to(host: str) -> None:
    async with listening() as (port, heads):
        with pytest.raises((UnsafeAddress, OSError)):
            await post(f"https://{host}:{port}/", b"", headers={})
    assert heads == []


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["fd00::1", "8.8.8.8"], ["fe80::1%lo"]]
)
async def test_a_name_with_one_private_address_is_not_called_at_all(addresses: list[str]) -> None:
    with pytest.raises(UnsafeAddress):
        await post("https://hook.example/", b"", headers={}, resolve=resolving(*addresses))


async def test_a_host_that_is_allowed_is_called_at_the_address_that_was_looked_at() -> None:
    """The name is asked for once: a second answer would have nobody to ask."""
    async with listening() as (port, heads):
        status = await post(
            f"http://hook.example:{port}/path?q=1",
            b"{}",
            headers={"x-said": "yes"},
            private_hosts=["hook.example"],
            resolve=resolving("127.0.0.1"),
        )
    assert status == 204
    assert heads[0].startswith(b"POST /path?q=1 HTTP/1.1\r\n")
    assert f"host: hook.example:{port}".encode() in heads[0].lower()


@pytest.mark.parametrize(("name", "trusted"), [("hook.example", True), ("evil.example", False)])
async def test_the_certificate_must_be_the_names_and_not_the_addresss(
    certificate: ssl.SSLContext, name: str, trusted: bool
) -> None:
    async with listening(context=certificate) as (port, heads):
        call = post(
            f"https://{name}:{port}/",
            b"{}",
            headers={},
            private_hosts=[name],
            resolve=resolving("127.0.0.1"),
        )
        if trusted:
            assert await call == 204
        else:
            with pytest.raises(httpx2.ConnectError):
                await call
    assert len(heads) == trusted


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with listening() as (port, heads):
        await post(
            f"http://hook.example:{port}/",
            b"{}",
            headers={},
            private_hosts=["hook.example"],
            resolve=resolving("127.0.0.2", "127.0.0.1"),
        )
    assert len(heads) == 1


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    async with listening(MOVED) as (port, heads):
        url = f"http://127.0.0.1:{port}/"
        assert await post(url, b"", headers={}, private_hosts=["127.0.0.1"]) == 307
    assert len(heads) == 1


async def test_a_receiver_that_never_answers_is_not_waited_for() -> None:
    async with listening(None) as (port, _):
        with pytest.raises(TimeoutError):
            await post(
                f"http://127.0.0.1:{port}/",
                b"",
                headers={},
                private_hosts=["127.0.0.1"],
                seconds=0.2,
            )
