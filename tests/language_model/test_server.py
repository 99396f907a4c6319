import httpx2
import pytest

pytestmark = pytest.mark.language_model


async def test_says_which_model_it_is(base_url: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        models = (await http.get(f"{base_url}/models")).json()
    assert [one["id"] for one in models["data"]] == ["smollm2-135m-instruct"]
