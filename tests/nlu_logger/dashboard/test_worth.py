"""What a session of labelling is worth: the number with which induction leads there."""

from tests.fixtures.browsing import browser
from tests.nlu_logger.world import World


async def test_a_session_that_a_verdict_leads_to_opens_with_what_its_labels_are_worth(
    world: World, task: str
) -> None:
    await world.log(task=task, prompt="first", confidence=0.1)
    async with browser(world.url) as reviewer:
        params = {"task": task, "queue": "label-next", "worth": "2850"}
        opened = await reviewer.get("/dashboard/review", params=params)
        assert "About <b>2,850</b> more labels" in opened.text
        later = await reviewer.get("/dashboard/review", params={"task": task})
        assert "About <b>2,850</b> more labels" in later.text
        other = await reviewer.get("/dashboard/review", params={"task": "another"})
        assert "more labels" not in other.text
        bare = await reviewer.get("/dashboard/review", params={"worth": "9"})
        assert "more labels" not in bare.text


async def test_the_labels_of_an_extraction_tell_exact_match(world: World, task: str) -> None:
    await world.log(task=task, prompt="Mary was born.", output={"people": [{"name": "Mary"}]})
    async with browser(world.url) as reviewer:
        opened = await reviewer.get("/dashboard/review", params={"task": task})
        assert f"tell exact match of {task}" in opened.text
        assert "live F1" not in opened.text
