# ruff: noqa: E501  patterns read best on one line
"""The mind: every turn goes through the skills in order, and what none of them knows through the small model."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from . import (
    arithmetic,
    clauses,
    dates,
    describe,
    follow,
    knowledge,
    manner,
    memory,
    model,
    places,
    problems,
    prompt,
    refer,
    riddles,
    tales,
    units,
    words,
)
from .normalise import hear
from .patterns import Patterns
from .reply import Answer, Reply, Text
from .talk import Exchange, Moment, State, Talk, read, result_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .model import Model
    from .normalise import Heard

_REPLAYED = 30  # turns before this one that follow-ups may depend on
_NEAR_TOLD = 0.78  # what was told beside a question must be nearly known to answer for the whole turn
_GREETING = "Hello, I am Alex. How can I help you today?"
_GOODBYES = ("Goodbye. It was nice talking with you.", "Take care. Goodbye.")
_NOT_HEARD = ("I did not quite hear that. Could you say it again?", "Sorry, I missed that. Please say it once more.")
# Kind, honest, and with a way on: a caller who hears only "no" hangs up.
_NOT_KNOWN = (
    "I am sorry, I do not know that. I am good at daily things: cooking, animals, small advice, sums, and the time.",
    "I do not know that one, and I do not want to guess. But ask me about daily life, the world, or numbers.",
    "That is more than I know, sorry. I can help with everyday questions, a sum, a recipe idea, or a story.",
)
_NOT_ABLE = (
    "I am sorry, I cannot do that, I am only a voice. But I can answer everyday questions, do sums, or tell a story.",
    "That is nothing I can do from here. I can tell you the time, help with small advice, or just chat.",
)
_LISTENING = (
    "I see. Tell me more about that.",
    "Thank you for telling me. How do you feel about it?",
    "I am listening. Tell me a little more.",
)
_OTHER_LANGUAGE = "I am sorry, I only speak English for now. Could you say it in English?"

# However much was said before it, these words end a call.
_PARTING = re.compile(
    r"^(?!.*\b(?:say|spell|mean|what|how|not|never|said)\b).*\b(?:bye|goodbye|good bye|see you(?: later| soon| tomorrow)?|hang up|end the call)(?: alex| now)?$"
)

# A question for a fact: the small model would make one up.
_QUESTION = re.compile(
    r"^(?:and |but |so |in |on |at |of |for |to |from )*(?:what|who|whom|whose|where|when|which|why|how|is|are|was|were|does|do|did|can|could|has|have|will|"
    r"would|should|define|explain|describe|name|list|spell|translate|tell me (?:about|who|what|why|how|when|where))\b",
)
_COMMAND = re.compile(
    r"^(?:write|draw|make|create|give|show|find|tell|read|say|let us|help|teach|imagine|pretend|sing|act|call|pay|open|close|lock|"
    r"unlock|turn|switch|start|stop|send|bring|fetch|put|move|clean|cook|drive|fix|repair|buy|order|book|play|check|search|look|"
    r"remember|remind|wake|set|add|delete|cancel|print|record|save|connect|transfer|translate|calculate|compare|list|name|"
    r"describe|explain|prove|guess|speak|talk|change|use|try|do|go|come|take|watch|follow|load|download|share|post)\b"
    r"(?! (?:is|are|was|were|has|have|had)\b)",
)
# The small model cheers up everything; what is no laughing matter gets a listener instead.
_HEAVY = re.compile(
    r"\b(?:not|no|never|nobody|nothing|feel|hate|problem|wrong|bad|sick|hurt|lost|hard|old|poor|war|fear|alone|without|why)\b"
)
_FOREIGN = re.compile(
    r"\b(?:hola|como|estas|gracias|buenos|dias|bonjour|comment|merci|oui|vous|je|suis|parlez|hallo|guten|tag|wie|geht|danke|ich|"
    r"bin|nicht|und|ist|ciao|come|stai|grazie|buongiorno|ola|obrigado|voce|que|quien|donde|eres|qui|est|etes|wer|bist|du|sprichst|deutsch|"
    r"tu|el|la|los|una|uno|por|favor|puedes|hablar|espanol|quelle|heure|il|wieviel|uhr|namaste|konnichiwa|privet)\b",
)


class Mind:
    """What Alex says next. Safe to use from several threads; the model serves one at a time."""

    def __init__(self, know: knowledge.Knowledge, small_model: Model | None, clock: Callable[[], datetime]) -> None:
        self._know = know
        self._model = small_model
        self._clock = clock
        self._limits = Patterns("limits.toml")
        self._shapes = Patterns("shapes.toml")

    @classmethod
    def load(cls, timezone: str = "UTC", model_path: Path | None = None) -> Mind:
        """Read the tables and load the small model (blocking, about two seconds).

        Raises FileNotFoundError when the weights are missing and ZoneInfoNotFoundError for an unknown time zone.
        """
        zone = ZoneInfo(timezone)
        return cls(
            knowledge.load(), model.Model(model_path or model.find()), lambda: datetime.now(UTC).astimezone(zone)
        )

    def reply(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> Iterator[Reply]:
        """Yield the reply to an OpenAI-shaped conversation: sentences as they come, or one call of an offered tool."""
        offered = frozenset(str(tool.get("function", tool).get("name", "")) for tool in tools or ())
        answer = self._answer(read(messages), offered)
        for piece in manner.pieces(answer.text) if answer.text else ():
            yield Text(piece)
        if answer.tool is not None:
            yield answer.tool

    def _answer(self, talk: Talk, offered: frozenset[str]) -> Answer:
        moment = self._moment(talk, offered)
        if talk.results:
            return self._after_tools(talk, moment)
        if talk.now is None or talk.request:
            return _unasked(talk)
        # A goodbye is said after the tool, which asks for it; the agent would say it twice otherwise.
        known = self._known(moment)
        if known is None and talk.past and not talk.past[-1].answer:
            # The caller was cut in two by a pause: both halves together may make sense.
            whole = hear(f"{talk.past[-1].heard.raw} {talk.now.raw}")
            known = self._known(replace(moment, heard=whole, past=moment.past[:-1]))
        if known is None:
            known = self._parts(moment, clauses.together) or self._parts(moment, clauses.rest)
        if known is None:
            known = self._unknown(moment)
        return replace(known, text="") if known.tool is not None and known.tool.name == "end_call" else known

    def _moment(self, talk: Talk, offered: frozenset[str]) -> Moment:
        """Return the present turn, with what the turns before left behind found by going through them again."""
        state = State()
        recent = talk.past[-_REPLAYED:]
        for at, exchange in enumerate(recent):
            earlier = talk.past[: len(talk.past) - len(recent) + at]
            past_moment = Moment(exchange.heard, earlier, state, talk.prompt, self._clock, offered, talk.opening)
            state = _after(state, exchange, self._known(past_moment) or self._guessed(past_moment))
        return Moment(talk.now or hear(""), talk.past, state, talk.prompt, self._clock, offered, talk.opening)

    def _known(self, moment: Moment) -> Answer | None:
        """Return the answer of the first skill that has one."""
        if not re.search(r"[a-z0-9]", moment.core):
            return Answer(moment.pick("not_heard", _NOT_HEARD), "not_heard", aside=True)
        if _PARTING.search(moment.heard.text) and (entry := self._know.find("goodbye")):
            return knowledge.reply(entry, moment)
        return (
            self._limits.emergency(moment)
            or self._beside_name(moment)
            or memory.answer(moment)
            or prompt.answer(moment)
            or riddles.answer(moment)
            or refer.answer(moment, self._know, self._skilled)
            or follow.answer(moment, self._know, self._skilled)
            or self._parts(moment, clauses.alone)
            or self._parts(moment, clauses.troubles)
            or self._skilled(moment)
        )

    def _parts(self, moment: Moment, which: Callable[[clauses.Turn], Iterator[str]]) -> Answer | None:
        """Answer one part of what was said in one turn, or what several of them mean together."""
        turn = clauses.read(moment.heard.raw)
        for part in which(turn) if turn else ():
            if clauses.asks(part):
                alone = replace(moment, heard=hear(part))
                said = memory.answer(alone) or self._skilled(alone)
            else:
                entry = self._know.find(part, _NEAR_TOLD)
                if entry is None and which is clauses.rest:
                    entry = self._know.told(part)
                said = knowledge.reply(entry, moment) if entry else None
            if said is not None:
                return said
        return None

    def _skilled(self, moment: Moment) -> Answer | None:
        """Return the answer of the skills that need nothing but the question."""
        if moment.state.answer is not None and (followed := dates.followed(moment) or words.followed(moment)):
            return followed
        exact = self._know.find(moment.core, 0.92) or self._know.find(moment.heard.text, 0.92)
        if exact:
            return knowledge.reply(exact, moment)
        return (
            tales.answer(moment, self._know)
            or words.answer(moment)
            or problems.rated(moment)
            or units.answer(moment)
            or problems.answer(moment)
            or problems.hours_between(moment)
            or arithmetic.answer(moment)
            or self._limited(moment)
            or dates.answer(moment)
            or places.answer(moment)
            or follow.about(moment, self._know)
            or self._know.answer(moment)
            or describe.answer(moment, self._know)
            or self._know.paraphrase(moment)
        )

    def _beside_name(self, moment: Moment) -> Answer | None:
        """Answer the question of a caller who only said a name before it."""
        turn = clauses.read(moment.heard.raw)
        return self._parts(moment, clauses.alone) if turn and clauses.greets(turn) else None

    def _limited(self, moment: Moment) -> Answer | None:
        """Return what Alex cannot know or must not judge; a general word on health gives way to what is known."""
        limited = self._limits.answer(moment)
        if limited is not None and limited.topic == "healthy":
            return self._know.answer(moment) or self._know.paraphrase(moment) or limited
        return limited

    def _guessed(self, moment: Moment) -> Answer | None:
        entry = self._know.guess(moment.core)
        return knowledge.reply(entry, moment) if entry else None

    def _unknown(self, moment: Moment) -> Answer:  # noqa: PLR0911  one way out for each kind of answer
        """Answer what no skill knows: honestly when a fact was asked for, with the small model when it is chat."""
        if guessed := prompt.answer(moment, strict=False) or self._guessed(moment) or problems.too_much(moment):
            return guessed
        if len(_FOREIGN.findall(moment.core)) >= 2:  # noqa: PLR2004  one such word may be a name
            return Answer(_OTHER_LANGUAGE, "language", aside=True)
        if shaped := self._shapes.answer(moment):
            return shaped
        if _QUESTION.search(moment.core):
            return Answer(moment.pick("not_known", _NOT_KNOWN), "not_known", aside=True)
        if _COMMAND.search(moment.core):
            return Answer(moment.pick("not_able", _NOT_ABLE), "not_able", aside=True)
        if len(moment.heard.words) < 3:  # noqa: PLR2004  two words that nothing knows are noise more often than news
            return Answer(moment.pick("not_heard", _NOT_HEARD), "not_heard", aside=True)
        said = ""
        if self._model is not None and not _HEAVY.search(moment.core):
            said = self._model.chat([(e.heard.raw, e.answer) for e in moment.past if e.answer], moment.heard.raw)
        return Answer(said or moment.pick("listening", _LISTENING), "chat", aside=True)

    def _after_tools(self, talk: Talk, moment: Moment) -> Answer:
        """Say what the tools gave back."""
        result = talk.results[-1]
        if result.name == "end_call":
            return Answer(moment.pick("goodbye", _GOODBYES), "goodbye")
        if result.name == dates.TOOL:
            asked = self._known(moment)
            then = asked.slots.get("then") if asked else None
            text = dates.from_result(result.content, then or dates.say_now, moment.clock())
            return Answer(text, dates.TOPIC)
        said = manner.short(manner.clean(result_value(result.content)) + ".")
        return Answer(said or "That is done.", "tool")


def _after(state: State, exchange: Exchange, answer: Answer | None) -> State:
    """Return the state after a past turn; what Alex really said stands above what would be said now."""
    if answer is None:
        return state
    told = {**state.told, answer.topic: state.told.get(answer.topic, 0) + 1}
    if answer.aside:
        return replace(state, told=told)
    # A question that pointed back stays in mind as what it meant.
    heard: Heard = hear(str(answer.slots["asked"])) if answer.slots.get("asked") else exchange.heard
    if (
        state.heard is not None
        and state.answer is not None
        and answer.topic == state.answer.topic
        and follow.is_short(heard)
    ):
        heard = state.heard
    return State(heard, replace(answer, text=exchange.answer or answer.text), told)


def _unasked(talk: Talk) -> Answer:
    """Say something although nothing new was said: a greeting, a goodbye, or that Alex is still there."""
    request = talk.request.lower()
    quoted = re.search(r"(?:say|tell|greet)[^\"\u201c]*[\"\u201c]([^\"\u201d]+)[\"\u201d]", talk.request)
    if quoted:
        return Answer(manner.clean(quoted[1]), "request")
    if "goodbye" in request or "good bye" in request:
        return Answer(_GOODBYES[0], "goodbye")
    if talk.now is None:
        return Answer(_GREETING, "hello")
    return Answer("Are you still there? I am listening.", "request")
