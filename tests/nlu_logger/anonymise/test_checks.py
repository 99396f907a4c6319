"""Checksums: what carries the right one passes, and one wrong digit does not."""

from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.anonymise.checks import is_iban, is_ipv4, is_ipv6, passes_luhn

digits = st.text("0123456789", min_size=12, max_size=18)


@given(digits, st.data())
def test_one_wrong_digit_fails_the_luhn_check(number: str, data: st.DataObject) -> None:
    (card,) = [number + last for last in "0123456789" if passes_luhn(number + last)]
    assert passes_luhn(f"{card[:4]} {card[4:]}")
    place = data.draw(st.integers(0, len(card) - 1))
    other = data.draw(st.sampled_from([one for one in "0123456789" if one != card[place]]))
    assert not passes_luhn(card[:place] + other + card[place + 1 :])


@given(st.sampled_from(["DE", "FR", "GB"]), st.text("0123456789ABCXYZ", min_size=11, max_size=26))
def test_an_iban_has_one_pair_of_check_digits_that_holds(country: str, account: str) -> None:
    held = [pair for pair in range(2, 99) if is_iban(f"{country}{pair:02} {account}")]
    assert len(held) == 1


def test_addresses_are_what_they_look_like() -> None:
    assert is_ipv4("10.0.0.1")
    assert not is_ipv4("10.0.0.256")
    assert not is_ipv4("1.2.3")
    assert is_ipv6("::1")
    assert is_ipv6("2001:db8::8a2e:370:7334")
    assert not is_ipv6("::")
    assert not is_ipv6("12:30:45")
