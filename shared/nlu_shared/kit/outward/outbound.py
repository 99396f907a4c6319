"""HTTP to addresses that somebody typed in: never to a machine that only we can reach.

The name is resolved once, every address it has is looked at, and the connection goes to one of
those very addresses, so a name that changes its mind between the look and the call gains nothing.
Redirects are not followed, answers are not read, and everything has one deadline.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from urllib.parse import urlsplit

import httpx2

from nlu_shared.certificates import trusted

DEADLINE_SECONDS = 10.0

Resolve = Callable[[str, int], Awaitable[list[str]]]

# The special-purpose registries of IANA. Not `ipaddress.is_global`, whose answer depends on the
# Python; and of IPv6 only what is handed out to the public, less what carries an IPv4 address.
_NOT_PUBLIC_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = [
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


class UnsafeAddress(Exception):
    """The URL, or what its host resolves to, is not one we call."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _NOT_PUBLIC_V4)
    return (
        parsed.scope_id is None
        and parsed in _PUBLIC_V6
        and not any(parsed in network for network in _NOT_PUBLIC_V6)
    )


def check_url(url: str, *, private_hosts: Collection[str] = ()) -> None:
    """Raises UnsafeAddress for what can be refused without asking a name server.

    Only hosts in `private_hosts` may be called without TLS, or by an address of our own network.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        as_sent = httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise UnsafeAddress("The URL cannot be read.") from None
    if not host or port == 0 or as_sent.host != host:
        raise UnsafeAddress("The URL names no host that every reader reads alike.")
    if parts.username is not None or parts.password is not None:
        raise UnsafeAddress("A URL with a user in it is not called.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in private_hosts):
        raise UnsafeAddress("The URL must begin with https.")
    if host not in private_hosts and _is_address(host) and not is_public(host):
        raise UnsafeAddress("The address is not one of the public internet.")


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name; raises OSError where it has none."""
    loop = asyncio.get_running_loop()
    try:
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("This can be no host's name.") from None
    return [str(one[4][0]) for one in addresses]


async def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    private_hosts: Collection[str] = (),
    resolve: Resolve = resolve,
    seconds: float = DEADLINE_SECONDS,
) -> int:
    """The status a receiver answered with, a redirect's too.

    Raises UnsafeAddress, httpx2.HTTPError, OSError, and TimeoutError after `seconds`.
    """
    check_url(url, private_hosts=private_hosts)
    transport = _Pinned(private_hosts, resolve)
    patience = httpx2.Timeout(None, connect=seconds / 3)
    async with (
        asyncio.timeout(seconds),
        httpx2.AsyncClient(transport=transport, timeout=patience, trust_env=False) as http,
        http.stream("POST", url, content=body, headers=headers) as answer,
    ):
        return answer.status_code


class _Pinned(httpx2.AsyncBaseTransport):
    """Connects to the address that was looked at; the certificate is still the name's."""

    def __init__(self, private_hosts: Collection[str], resolve: Resolve) -> None:
        self._private_hosts = private_hosts
        self._resolve = resolve
        # Of the environment this reads SSL_CERT_FILE alone: an operator's own authority.
        self._inner = httpx2.AsyncHTTPTransport(verify=trusted())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        addresses = await self._resolve(host, port)
        if host not in self._private_hosts and not all(map(is_public, addresses)):
            raise UnsafeAddress("The host resolves to an address that is not public.")
        request.extensions = {**request.extensions, "sni_hostname": host}
        for address in addresses[:-1]:
            request.url = request.url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        request.url = request.url.copy_with(host=addresses[-1])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
