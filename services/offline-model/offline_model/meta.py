"""The meta-prompt as the proposer reads it. What it does not use is ignored."""

from typing import Annotated, Any

from pydantic import BaseModel, Field


class Case(BaseModel):
    """A training case that was answered wrongly; `truth` and `predicted` are its own."""

    id: str
    text: str
    truth: Any = None
    predicted: Any = None
    may_quote: bool = False


class Pattern(BaseModel):
    """A family of mistakes: one truth that is missed, one answer given too often, or both."""

    summary: str = ""
    truth: str | None = None
    predicted: str | None = None
    cases: list[Case] = []


class Block(BaseModel):
    name: str
    text: str = ""
    protected: bool = False


class Example(BaseModel):
    text: str
    output: Any = None


class Prompt(BaseModel):
    instructions: list[Block] = []
    examples: list[Example] = []


class Label(BaseModel):
    name: str
    description: str = ""


class Task(BaseModel):
    labels: list[Label] = []


class Tried(BaseModel):
    edits: list[dict[str, Any]] = []


class Limits(BaseModel):
    added_examples: Annotated[int, Field(ge=0)] = 12
    instruction_tokens: int = 3_000


class Meta(BaseModel):
    """The whole question: what is optimised, the prompt now, its mistakes, what was tried."""

    task: Task = Task()
    prompt: Prompt
    patterns: list[Pattern] = []
    tried: list[Tried] = []
    hints: list[str] = []
    limits: Limits = Limits()
    previous_answer_was_invalid: str | None = None
