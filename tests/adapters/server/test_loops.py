"""One backend, or judge, in many event loops: one after another, and in threads at once."""

import anyio
import openai
import pytest
from support.backend_calls import asked
from support.chat_server import DONE, ChatServer, finish, text
from support.pairs import completion, pair
from support.watchdog import all_together

from deepprune_adapters.judges import RemoteJudge
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_sdk import FullSampling, ParallelReasoner
from deepprune_sdk.results import Result

BOTH = ("asyncio", "trio")


@pytest.fixture
def talking(server: ChatServer) -> ChatServer:
    server.says(text("w ", "\\boxed{5}"), finish(), DONE)
    return server


def test_a_cold_backend_is_shared_by_threads_with_loops_of_their_own(talking: ChatServer) -> None:
    reasoner = ParallelReasoner(OpenAIBackend("m", base_url=talking.url), policy=FullSampling())

    def ask(backend: str) -> None:
        for _ in range(3):
            assert anyio.run(reasoner.solve, "?", 4, backend=backend).answer == "5"
        assert reasoner.solve_sync("?", n=2).answer == "5"

    all_together(*[lambda b=b: ask(b) for b in BOTH * 4])
    assert len(talking.bodies) == 8 * (3 * 4 + 2)


def test_a_backend_may_be_entered_in_several_loops_and_several_times(talking: ChatServer) -> None:
    backend = OpenAIBackend("m", base_url=talking.url)
    reasoner = ParallelReasoner(backend, policy=FullSampling())

    async def ask() -> None:
        async with backend:
            assert (await reasoner.solve("?", n=2)).answer == "5"
            async with backend.stream(asked()) as stream:
                async with backend:  # as another task of this loop may
                    assert (await reasoner.solve("?", n=2)).answer == "5"
                # The connections of the outer block are still open.
                assert [chunk async for chunk in stream][-1].finish == "stop"
            assert (await reasoner.solve("?", n=2)).answer == "5"

    all_together(*[lambda b=b: anyio.run(ask, backend=b) for b in BOTH * 3])


def test_a_client_of_the_users_serves_the_loop_that_it_began_with(talking: ChatServer) -> None:
    client = openai.AsyncOpenAI(api_key="key", base_url=talking.url)
    reasoner = ParallelReasoner(
        OpenAIBackend("m", server=Server(client=client)), policy=FullSampling()
    )

    async def twice() -> Result:
        await reasoner.solve("?", n=1)
        result = await reasoner.solve("?", n=1)
        await client.close()
        return result

    assert anyio.run(twice).answer == "5"
    for backend in BOTH:
        with pytest.raises(Exception, match="belong to the event loop in which it was used first"):
            anyio.run(reasoner.solve, "?", 2, backend=backend)
    with pytest.raises(Exception, match="give base_url= and api_key= instead"):
        reasoner.solve_sync("?", n=2)


def test_the_limit_of_a_judge_holds_over_all_loops(server: ChatServer) -> None:
    server.script = lambda body: completion("identical")
    judge = RemoteJudge("m", base_url=server.url, concurrency=2)

    async def ask() -> None:
        verdicts = await judge.compare([pair() for _ in range(4)])
        assert [verdict.probability for verdict in verdicts] == [0.9] * 4

    all_together(*[lambda b=b: anyio.run(ask, backend=b) for b in BOTH * 3])
    assert len(server.bodies) == 24
    assert server.most <= 2
