"""YAML as nodes that know their line: no tag is obeyed, and no alias followed. Pure."""

import yaml

from nlu_shared.files.lines import NOT_UTF8, is_broken
from nlu_shared.kit.errors import Invalid

DEEPEST = 64
NAMES = frozenset(
    {"version", "nlu", "intent", "examples", "text", "type", "name", "utterances", "values"}
)
"""Keys of the formats; any other may be somebody's own words and is not repeated."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPENS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSES = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def documents(text: str) -> list[yaml.Node]:
    """The documents of a file. Raises Invalid with the line where one is no YAML, is nested deeper
    than DEEPEST, has a key twice, or an alias, by which a few bytes may become very many."""
    if is_broken(text):
        raise Invalid(f"The file is {NOT_UTF8}.", code="invalid_text")
    try:
        _check(text)
        made = [one for one in yaml.compose_all(text, Loader=_LOADER) if one is not None]
    except yaml.MarkedYAMLError as wrong:
        line = f" in line {wrong.problem_mark.line + 1}" if wrong.problem_mark else ""
        raise Invalid(f"This is no YAML{line}.", code="invalid_yaml") from None
    except yaml.YAMLError:
        raise Invalid("This is no YAML.", code="invalid_yaml") from None
    for one in made:
        _check_keys(one)
    return made


def fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """What a mapping holds, by name; nothing where it is none."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {name.value: one for name, one in node.value if isinstance(name, yaml.ScalarNode)}


def _check(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise Invalid(
                f"There is an alias in line {line}: aliases are not taken, write out what it stands"
                " for.",
                code="invalid_yaml",
            )
        depth += isinstance(event, _OPENS)
        depth -= isinstance(event, _CLOSES)
        if depth > DEEPEST:
            raise Invalid(f"Nested deeper than {DEEPEST} in line {line}.", code="too_deep")


def _check_keys(node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _check_keys(one)
    if not isinstance(node, yaml.MappingNode):
        return
    known: set[str] = set()
    for name, one in node.value:
        if isinstance(name, yaml.ScalarNode):
            if name.value in known:
                key = f"The key {name.value}" if name.value in NAMES else "A key"
                line = name.start_mark.line + 1
                raise Invalid(
                    f"{key} stands twice in one mapping, again in line {line}.",
                    code="invalid_yaml",
                )
            known.add(name.value)
        _check_keys(one)
