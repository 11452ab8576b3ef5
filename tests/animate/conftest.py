import pytest

from previz.animate import FrameSolved, SolveEvent, Take, solve
from previz.generator import Generator
from tests.animate.characters import TextureCharacter, make_generator, make_timeline


@pytest.fixture(scope="session")
def generator() -> Generator:
    return make_generator()


@pytest.fixture(scope="session")
def texture() -> TextureCharacter:
    return TextureCharacter()


@pytest.fixture(scope="session")
def take(generator) -> Take:
    """The sample timeline, solved in one go."""
    return solve(make_timeline(), generator)


class Log(list[SolveEvent]):
    """Events as they come."""

    def solved(self) -> list[int]:
        """Frames that were solved, not reused."""
        return [event.frame for event in self if isinstance(event, FrameSolved) and not event.reused]

    def reused(self) -> list[int]:
        return [event.frame for event in self if isinstance(event, FrameSolved) and event.reused]


@pytest.fixture
def log() -> Log:
    return Log()
