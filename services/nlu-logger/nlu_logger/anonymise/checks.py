"""What a shape alone cannot tell: checksums, and addresses that are none. Pure."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address

SHORTEST_IBAN = 15


def passes_luhn(text: str) -> bool:
    """Whether the digits in `text` carry the check digit of a payment card (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(int(one) for one in reversed(text) if one.isdecimal()):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether `text`, spaces aside, has the check digits of an IBAN (ISO 13616: mod 97 is 1)."""
    plain = "".join(text.split())
    if len(plain) < SHORTEST_IBAN:
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    """`::` alone is the name of no machine; it is also how some languages spell a path."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return any(one.isdecimal() for one in text)
