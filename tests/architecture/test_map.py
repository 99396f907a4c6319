"""ARCHITECTURE.md is a map: short, and in the order of the arrows it draws."""

import re
import tomllib

import pytest

from tests.architecture.test_house import ROOT

MAP = (ROOT / "ARCHITECTURE.md").read_text()
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
MOST_WORDS = 1_500
UNMAPPED = {"cli", "app", "worker", "resources", "migrations", "settings", "scopes"}
"""Entry points and what every room stands on."""


def layers(package: str) -> dict[str, int]:
    """How far from the top each room of a package stands."""
    (contract,) = (
        one
        for one in CONTRACTS["contracts"]
        if one["type"] == "layers" and one["containers"] == [package]
    )
    return {
        room: depth
        for depth, layer in enumerate(contract["layers"])
        for room in re.split(r" [|:] ", layer)
    }


def test_the_map_can_be_read_in_one_go() -> None:
    assert len(MAP.split()) <= MOST_WORDS


@pytest.mark.parametrize("package", ["nlu_logger", "induction"])
def test_the_rooms_of_a_service_stand_in_the_order_of_its_arrows(package: str) -> None:
    depths = layers(package)
    table = MAP.split(f"**{package}**, from the top:")[1].split("\n\n")[1]
    firsts = [re.match(r"\| ((?:`[a-z_]+` ?)+)\|", row) for row in table.splitlines()]
    rooms = [re.findall(r"`([a-z_]+)`", one[1]) for one in firsts if one]
    mapped = [room for row in rooms for room in row]
    assert [depths[room] for room in mapped] == sorted(depths[room] for room in mapped)
    folders = {
        one.parent.name for one in (ROOT / "services").glob(f"*/{package}/*/__init__.py")
    } - UNMAPPED
    assert set(mapped) == folders


def test_the_engine_is_drawn_in_the_order_of_its_arrows() -> None:
    depths = layers("induction.engine")
    (drawn,) = re.findall(r"\*\*The engine\*\*, from the top: (.*)", MAP)
    rooms = [one for one in re.findall(r"`([a-z_]+)`", drawn) if one in depths]
    assert set(rooms) == set(depths)
    assert [depths[room] for room in rooms] == sorted(depths[room] for room in rooms)
