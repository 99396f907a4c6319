"""An extraction as a form: filled in with what the model proposed, read as it was left."""

import re

import pytest
from nlu_logger.dashboard.inbox import extraction
from nlu_logger.dashboard.inbox.extraction import NoExtraction
from nlu_shared.schemas.extraction import Extraction

from tests.fixtures.browsing import browser, send
from tests.nlu_logger.world import World

PROPOSED = {
    "people": [
        {"id": -1, "name": "Mary", "gender": "female", "confidence": 0.8},
        {"id": -2, "name": "Tom", "last_name": "Reed", "parents": -5},
    ],
    "events": [
        {
            "id": -3,
            "kind": "shift",
            "person": -1,
            "dateTime": "1999-05",
            "anxiety": "up",
            "relationship": "conflict",
            "relationshipTargets": [-2, 7],
        }
    ],
    "pair_bonds": [{"id": -5, "person_a": -1, "person_b": 7, "married": False}],
    "delete": [3],
}
WORDS = "Mary was worried when Tom left."


def fields_of(output: object) -> list[tuple[str, str]]:
    """What the form of a proposal sends when nothing is changed."""
    proposed = extraction.proposal_of(output)
    assert proposed is not None
    form = extraction.form_for(proposed)
    fields = [("delete", form.delete)]
    for kind, rows in form.rows.items():
        for place, row in enumerate(rows):
            for name, value in row.items():
                values = value if isinstance(value, list) else [value]
                fields += [(f"{kind}.{place}.{name}", one) for one in values]
    return fields


@pytest.mark.parametrize(
    "output",
    [
        PROPOSED,
        {"people": [{"name": "Ann"}, {"name": "Ben"}]},
        {"events": [{"kind": "death"}], "people": [], "pair_bonds": None},
        {"pair_bonds": [{"id": 4, "person_a": 1, "person_b": 2, "married": None}]},
    ],
)
def test_a_form_that_nobody_changed_says_what_the_model_said(output: dict[str, object]) -> None:
    proposed = extraction.proposal_of(output)
    read = extraction.read(extraction.filled(fields_of(output)))
    assert proposed is not None
    assert extraction.differences(proposed, read) == []


@pytest.mark.parametrize("output", ["greet", None, [], {}, {"people": 3}, {"events": [{}]}])
def test_what_is_no_extraction_gets_no_form(output: object) -> None:
    assert extraction.proposal_of(output) is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"events.0.kind": ""}, "In event 1: kind is missing or cannot be taken."),
        ({"people.1.gender": "neither"}, "In person 2: gender is missing or cannot be taken."),
        ({"people.0.parents": "x"}, "In person 1: child of is missing or cannot be taken."),
        (
            {"delete": "all"},
            "What was known from before is taken out by its number: whole numbers only.",
        ),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_place(changed: dict[str, str], says: str) -> None:
    fields = dict(fields_of(PROPOSED)) | changed
    with pytest.raises(NoExtraction, match=re.escape(says)):
        extraction.read(extraction.filled(fields.items()))


def test_differences_are_told_in_words() -> None:
    proposed = Extraction.model_validate(PROPOSED)
    fields = dict(fields_of(PROPOSED)) | {"events.0.anxiety": "down", "people.1.gone": "yes"}
    fields |= {"people.2.name": "Ann", "events.0.relationshipTargets": "7"}
    read = extraction.read(extraction.filled(fields.items()))
    assert extraction.differences(proposed, read) == [
        "person Ann: added",
        "person Tom Reed: removed",
        "event shift of Mary: anxiety up → down",
        "event shift of Mary: towards Tom Reed, known person 7 → known person 7",
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"events.1.kind": "birth"}, "In event 2: nobody is chosen whose it is."),
        ({"events.0.dateTime": "not a date 19x"}, "In event 1: date cannot be read."),
        ({"events.0.endDateTime": "30 February 1985"}, "In event 1: until cannot be read."),
        ({"events.0.dateTime": "that summer", "events.0.dateCertainty": "unknown"}, None),
        ({"events.0.dateTime": "the 1980s"}, None),
    ],
)
async def test_an_event_about_nobody_or_at_no_date_is_no_truth(
    world: World, task: str, changed: dict[str, str], says: str | None
) -> None:
    item = await world.log(task=task, prompt=WORDS, output=PROPOSED)
    form = {"item": item, "task": task, "approves": "yes"}
    async with browser(world.url) as http:
        fields = dict(fields_of(PROPOSED)) | changed
        answer = await send(http, "review/code", **form, **fields)
    assert answer.status_code == (422 if says else 303)
    assert says is None or says in answer.text


@pytest.mark.parametrize(
    ("bond", "says"),
    [
        (("-1", "-1"), "In pair bond 2: nobody is in a bond with themself. Choose two people."),
        (("", "-2"), "In pair bond 2: it is of two people. Choose both."),
        (("-1", ""), "In pair bond 2: it is of two people. Choose both."),
        (("-1", "-2"), None),
    ],
)
async def test_a_pair_bond_is_of_two_people(
    world: World, task: str, bond: tuple[str, str], says: str | None
) -> None:
    item = await world.log(task=task, prompt=WORDS, output=PROPOSED)
    fields = dict(fields_of(PROPOSED)) | {"pair_bonds.1.id": "-9"}
    fields |= {"pair_bonds.1.person_a": bond[0], "pair_bonds.1.person_b": bond[1]}
    async with browser(world.url) as http:
        answer = await send(http, "review/code", item=item, task=task, **fields)
    assert answer.status_code == (422 if says else 303)
    assert says is None or says in answer.text


async def test_of_a_known_pair_bond_what_changes_is_enough(world: World, task: str) -> None:
    output = {"people": [{"id": -1, "name": "Ann"}], "pair_bonds": [{"id": -2, "person_a": -1}]}
    item = await world.log(task=task, prompt=WORDS, output=output)
    changed = {"pair_bonds.1.id": "7", "pair_bonds.1.married": "true"}
    async with browser(world.url) as http:
        fields = dict(fields_of(output)) | changed
        answer = await send(http, "review/code", item=item, task=task, **fields)
    assert answer.status_code == 303, "what the model proposed and somebody left may stand, too"


async def test_what_the_model_proposed_of_nobody_may_stand(world: World, task: str) -> None:
    output = {"events": [{"kind": "birth", "dateTime": "once"}], "people": [{"name": "Ann"}]}
    item = await world.log(task=task, prompt=WORDS, output=output)
    async with browser(world.url) as http:
        fields = dict(fields_of(output)) | {"people.0.name": "Anne"}
        answer = await send(http, "review/code", item=item, task=task, **fields)
    assert answer.status_code == 303


async def test_a_statement_is_coded_by_form_and_approved_by_somebody_who_sees_what_changed(
    world: World, task: str
) -> None:
    item = await world.log(task=task, prompt=WORDS, output=PROPOSED)
    form = {"item": item, "queue": "low-confidence", "task": task}
    async with browser(world.url) as http:
        page = (await http.get(f"/dashboard/review?task={task}")).text
        assert 'name="people.0.name" value="Mary"' in page
        wrong = dict(fields_of(PROPOSED)) | {"events.0.kind": "", "people.0.name": "Marie"}
        refused = await send(http, "review/code", **form, **wrong)
        assert refused.status_code == 422
        assert "In event 1: kind is missing" in refused.text
        assert 'name="people.0.name" value="Marie"' in refused.text
        assert '<label class="changed" title="the model: Mary">' in refused.text
        right = dict(fields_of(PROPOSED)) | {"events.0.anxiety": "down"}
        assert (await send(http, "review/code", **form, **right)).status_code == 303
        approver = await world.admin.post(
            "/v1/admin/keys", json={"name": "b", "scopes": ["reviews:read", "reviews:decide"]}
        )
        async with browser(world.url, approver.json()["key"]) as other:
            shown = (await other.get(f"/dashboard/review?queue=proposed&task={task}")).text
        assert "event shift of Mary: anxiety up → down" in shown


async def test_what_the_model_said_confirms_it_in_whatever_form(world: World, task: str) -> None:
    item = await world.log(task=task, prompt=WORDS, output=PROPOSED)
    async with browser(world.url) as http:
        fields: dict[str, list[str]] = {}
        for name, value in fields_of(PROPOSED):
            fields.setdefault(name, []).append(value)
        await send(http, "review/code", item=item, task=task, approves="yes", **fields)
    made = (await world.admin.get("/v1/corrections", params={"prediction_id": item})).json()
    assert made["items"][0]["is_confirmation"] is True
    case, _ = await world.truth(task)
    assert case["truth"] == PROPOSED
