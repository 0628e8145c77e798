"""The command line and servers: which one is asked, what with, and what `doctor` finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from support import chat_fixtures
from support.chat_fixtures import KEY
from support.chat_server import DONE, ChatServer, Reply, data, event, finish, refusal, usage
from support.recordings import read, save

from deepprune_adapters.cli.app import run
from deepprune_adapters.cli.views.board import Board
from deepprune_sdk.data import Event

no_environment, running, server = (
    chat_fixtures.no_environment,
    chat_fixtures.running,
    chat_fixtures.server,
)

Output = pytest.CaptureFixture[str]

MODELS = Reply(
    parts=[json.dumps({"object": "list", "data": [{"id": "big"}, {"id": "small"}, {}]}).encode()],
    content_type="application/json",
)
DEAD = "http://127.0.0.1:9/v1"


def answering(
    server: ChatServer, *parts: bytes, models: Reply = MODELS
) -> Callable[[dict[str, Any]], Reply]:
    """A server that lists its models, and answers 5 to all else."""
    said = parts or (
        event({"content": "It is \\boxed{5}"}),
        finish(),
        data({"choices": [], "usage": usage(7, 50)}),
        DONE,
    )
    return lambda body: models if server.paths[-1].endswith("/models") else Reply(parts=said)


@pytest.fixture
def serving(server: ChatServer) -> ChatServer:
    server.script = answering(server)
    return server


# --- which model ----------------------------------------------------------------------------------


def test_a_server_of_the_environment_is_not_passed_over_for_the_embedded_model(
    serving: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", serving.url)

    assert run(["solve", "2 + 3?", "-n", "2"]) == 2

    assert capsys.readouterr().err == (
        "deepprune: --model is missing: give one, or set OPENAI_MODEL; "
        f"{serving.url} serves big, small\n"
    )


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (refusal(404, "nothing here"), "does not say which ones it serves"),
        (refusal(401, "no"), "cannot be asked: "),
        (Reply(parts=[b"<html>"], content_type="text/html"), "does not say which ones it serves"),
        (Reply(parts=[b"[1]"], content_type="application/json"), "does not say which ones"),
        (Reply(parts=[b'{"data": 3}'], content_type="application/json"), "does not say which"),
    ],
)
def test_a_server_that_does_not_list_its_models(
    models: Reply, said: str, server: ChatServer, capsys: Output
) -> None:
    server.script = answering(server, models=models)

    assert run(["solve", "2 + 3?", "--base-url", server.url]) == 2

    err = capsys.readouterr().err
    assert "--model is missing" in err
    assert said in err
    assert err.count("\n") == 1


def test_the_model_of_the_environment_is_asked(
    serving: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
    monkeypatch.setenv("OPENAI_MODEL", "small")

    assert run(["solve", "2 + 3?", "-n", "2"]) == 0
    assert {body["model"] for body in serving.bodies} == {"small"}
    assert "openai: small" in capsys.readouterr().out
    serving.bodies.clear()
    assert run(["solve", "2 + 3?", "-n", "2", "--model", "big"]) == 0
    assert {body["model"] for body in serving.bodies} == {"big"}


def test_a_refusal_without_a_key_says_that_none_was_sent(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    server.script = lambda body: refusal(401, {"error": {"message": "who are you?"}})
    asked = ["solve", "2 + 3?", "-n", "2", "--base-url", server.url, "--model", "m"]

    assert run(asked) == 1
    assert capsys.readouterr().err.endswith(
        "who are you?; check the API key (OPENAI_API_KEY): no key was sent\n"
    )
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert run(asked) == 1
    err = capsys.readouterr().err
    assert err.endswith("who are you?; check the API key (OPENAI_API_KEY)\n")
    assert KEY not in err


# --- what a run may take --------------------------------------------------------------------------


def at(server: ChatServer, *options: str) -> list[str]:
    return ["solve", "2 + 3?", "--base-url", server.url, "--model", "m", *options]


def test_a_run_ends_in_time_with_what_it_has(server: ChatServer, capsys: Output) -> None:
    five = [event({"content": "\\boxed{5}"}), finish(), DONE]

    def script(body: dict[str, Any]) -> Reply:
        return Reply(parts=["hang"] if len(server.bodies) > 1 else five)

    server.script = script

    assert run(at(server, "-n", "3", "--method", "cons", "--timeout", "0.5")) == 0

    out = capsys.readouterr().out
    assert "ended   deadline: the time was up" in out
    assert "traces  3: 1 finished, 0 closed as redundant, 2 stopped" in out


def test_money_bounds_a_run_and_the_price_says_what_was_spent(
    serving: ChatServer, tmp_path: Path, capsys: Output
) -> None:
    asked = at(serving, "-n", "4", "--method", "adaptive-consistency", "--json")

    assert run([*asked, "--price", "1000/10000"]) == 0
    spent = json.loads(capsys.readouterr().out)["usage"]["cost"]
    assert spent == pytest.approx(4 * (7 * 1000 + 50 * 10000) / 1e6)
    assert run([*asked, "--price", "1000/10000", "--money", "0.6"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert ended["ended_because"] == "money budget"
    assert len(ended["traces"]) < 4


def test_concurrency_and_a_system_prompt_reach_the_server(serving: ChatServer) -> None:
    assert run(at(serving, "-n", "4", "--concurrency", "1", "--system", "Be brief.")) == 0

    assert serving.most == 1
    assert serving.bodies[0]["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize("command", ["solve", "record"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--timeout", "0"], "--timeout 0: give a number above 0"),
        (["--timeout", "nan"], "--timeout nan: give a number above 0"),
        (["--idle-timeout", "-1"], "--idle-timeout -1: give a number above 0"),
        (["--money", "-1", "--price", "1/2"], "--money -1: give a number above 0"),
        (["--money", "1"], "--money 1 needs --price"),
        (["--price", "cheap"], "--price 'cheap': give what a million tokens cost"),
        (["--price", "1/-2"], "--price '1/-2': give what a million tokens cost"),
        (["--price", "1"], "--price '1': give what a million tokens cost"),
        (["--concurrency", "0"], "Invalid value for '--concurrency'"),
    ],
)
def test_amounts_that_are_none_are_refused_at_once(
    command: str, options: list[str], said: str, tmp_path: Path, capsys: Output
) -> None:
    problems = save(tmp_path / "p.jsonl", [{"question": "2 + 3?"}])
    out = ["-o", str(tmp_path / "t.jsonl")] if command == "record" else []
    server = ["--base-url", DEAD, "--model", "m"]

    assert run([command, str(problems), *out, *server, *options]) == 2

    assert said in (err := capsys.readouterr().err)
    assert err.count("\n") == 1


def test_a_recording_stops_at_its_money_and_continues(
    serving: ChatServer, tmp_path: Path, capsys: Output
) -> None:
    problems = save(tmp_path / "p.jsonl", [{"question": f"{n} + 3?"} for n in range(3)])
    out = tmp_path / "t.jsonl"
    command = ["record", str(problems), "-o", str(out), "-n", "1", "--base-url", serving.url]
    command += ["--model", "m", "--system", "Be brief.", "--price", "0/1000000"]

    assert run([*command, "--money", "80"]) == 1
    said = capsys.readouterr()
    assert "1 trace not over within --timeout or --money; 2 of 3 traces are in" in said.err
    assert "100 spent" in said.err
    assert run(command) == 0
    assert "3 traces of 3 problems, 1 of them recorded now (50 tokens); 50 spent" in (
        capsys.readouterr().out
    )
    assert [trace.sampling["system"] for trace in read(out)] == ["Be brief."] * 3
    assert run([*command[:-4], "--system", "Be long."]) == 2
    assert "system of problem" in capsys.readouterr().err


def test_a_recording_leaves_what_takes_too_long_for_another_time(
    server: ChatServer, tmp_path: Path, capsys: Output
) -> None:
    server.script = lambda body: Reply(parts=["hang"])
    problems = save(tmp_path / "p.jsonl", [{"question": "2 + 3?"}])
    command = ["record", str(problems), "-o", str(tmp_path / "t.jsonl"), "-n", "2"]

    assert run([*command, "--base-url", server.url, "--model", "m", "--timeout", "0.3"]) == 1

    err = capsys.readouterr().err
    assert "2 traces not over within --timeout or --money; 0 of 2 traces are in" in err


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cons", "deepprune-settled", "cons+token-budget:trace=1"])
def test_the_events_the_lines_and_the_report_count_the_same_tokens(
    method: str, serving: ChatServer, tmp_path: Path, capsys: Output
) -> None:
    """The server bills 50 tokens per trace, of which one event of text comes."""
    events, report = tmp_path / "e.jsonl", tmp_path / "r.html"
    files = ["--events", str(events), "--report", str(report), "--json"]

    run(at(serving, "-n", "3", "--method", method, *files))

    said = capsys.readouterr()
    result = json.loads(said.out)
    board = Board(3, "2 + 3?", "")
    known = TypeAdapter[Event](Event)
    for line in events.read_text().splitlines():
        seen = json.loads(line)
        del seen["seconds"]
        board.tell(known.validate_python(seen))
    told = {row.trace: row.tokens for row in board.rows.values()}  # the bars of the last frame
    assert told == {trace["trace"]: trace["tokens"] for trace in result["traces"]}
    generated = sum(told.values())
    assert generated == result["usage"]["generated"]
    assert f"tokens  {generated:,} generated" in said.err
    assert f"{generated:,} tokens, of closed traces too" in report.read_text(encoding="utf-8")


# --- doctor ---------------------------------------------------------------------------------------


def examined(*options: str, capsys: Output) -> tuple[int, dict[str, Any]]:
    code = run(["doctor", "--json", *options])
    captured = capsys.readouterr()
    assert captured.err == ""
    report = json.loads(captured.out)
    assert report["works"] is (code == 0)
    return code, report


def broken(report: dict[str, Any]) -> str:
    return " ".join(
        f"{one['said']} ({one['fix']})" for one in report["findings"] if one["state"] == "broken"
    )


def test_the_doctor_says_what_is_installed_and_what_a_server_can(
    serving: ChatServer, capsys: Output
) -> None:
    assert run(["doctor", "--base-url", serving.url, "--model", "big"]) == 0

    out = capsys.readouterr().out
    assert "\n  ok  cli (the command line): rich " in out
    assert "OPENAI_API_KEY: not set" in out
    assert f"\nserver {serving.url}\n  ok  serves big, small\n  ok  big answers\n" in out
    assert "-   reports tokens only at the end" in out
    assert "-   sends no log-probabilities" in out
    assert out.endswith("\na run can work\n")


def test_the_doctor_shows_no_secret(
    serving: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", serving.url.replace("//", "//me:pass-word@"))

    assert run(["doctor", "--model", "m"]) == 0

    out = capsys.readouterr().out
    assert "OPENAI_API_KEY: set" in out
    assert "m is not among the models that it lists" in out
    assert KEY not in out
    assert "pass-word" not in out


def test_the_doctor_at_a_server_that_is_down(capsys: Output) -> None:
    code, report = examined("--base-url", DEAD, "--model", "m", capsys=capsys)

    assert code == 1
    assert f"cannot reach {DEAD}" in broken(report)
    assert report["capabilities"] is None


def test_the_doctor_without_a_model(serving: ChatServer, capsys: Output) -> None:
    code, report = examined("--base-url", serving.url, capsys=capsys)

    assert code == 1
    assert "no model is named (give --model or set OPENAI_MODEL, such as --model big)" in broken(
        report
    )
    assert all(path.endswith("/models") for path in serving.paths)  # nothing that costs


@pytest.mark.parametrize(("key", "said"), [(None, "no key was sent"), (KEY, "check the API key")])
def test_the_doctor_without_a_key_or_with_a_wrong_one(
    key: str | None,
    said: str,
    server: ChatServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Output,
) -> None:
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    server.script = lambda body: refusal(401, {"error": {"message": "no"}})

    code, report = examined("--base-url", server.url, "--model", "m", capsys=capsys)

    assert code == 1
    assert said in broken(report)


def test_the_doctor_at_what_is_not_a_model_server(server: ChatServer, capsys: Output) -> None:
    server.script = lambda body: Reply(parts=[b"<html>Welcome</html>"], content_type="text/html")

    code, report = examined("--base-url", server.url, "--model", "m", capsys=capsys)

    assert code == 1
    assert "not an OpenAI-compatible server" in broken(report)


def test_the_doctor_says_where_an_address_or_a_file_is_wrong(
    tmp_path: Path, capsys: Output
) -> None:
    _, report = examined("--base-url", "nonsense", "--model", "m", capsys=capsys)
    assert "--base-url 'nonsense' is no address" in broken(report)
    _, report = examined("--model", str(tmp_path / "no.gguf"), capsys=capsys)
    assert "no.gguf: no such file" in broken(report)
    _, report = examined("--backend", "openai", "--model", "m", capsys=capsys)
    assert "no API key: set OPENAI_API_KEY" in broken(report)


def test_the_doctor_sends_nothing_where_no_server_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    report = examined(capsys=capsys)[1]

    assert report["backend"] == "llama"
    assert not [one for one in report["findings"] if one["about"].startswith("server")]


def test_an_extra_that_lacks_a_package_says_how_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    from importlib.metadata import PackageNotFoundError, version

    from deepprune_adapters.cli.jobs import installed

    def fewer(name: str) -> str:
        if name in {"matplotlib", "xllamacpp"}:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(installed, "version", fewer)

    code, report = examined(capsys=capsys)

    assert code == 1
    assert "llama.cpp is not installed (pip install 'deepprune-sdk[local]'" in broken(report)
    notes = {one["said"]: one["fix"] for one in report["findings"] if one["state"] == "note"}
    (lacking,) = (said for said in notes if said.startswith("eval "))
    assert lacking.endswith("without matplotlib")
    assert notes[lacking] == "pip install 'deepprune-sdk[eval]'"
