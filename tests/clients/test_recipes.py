"""The recipes for grpcurl in docs/api.md do what they say, by way of the server's reflection."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tests.clients.buf import buf
from tests.service.site import Site, at

from envrules.client import CallFailed

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
RECIPE = re.compile(r"call -d '([^']*)'\s*(?:\\\n\s*)?\$ENVRULES ([\w.]+)/(\w+)")
ENDLESS = {"WatchDecisions"}
REFUSED = {"ClosePeriod": "PERIOD_NOT_OVER", "SkipEntry": "NOT_STALLED_THERE"}
"""What cannot be shown on a server that is new and sound."""


@dataclass(frozen=True)
class Recipe:
    """One command of the guide."""

    text: str
    """One request after another, as JSON."""
    service: str
    method: str

    def requests(self) -> Iterator[dict[str, Any]]:
        """Yield the requests."""
        decoder, rest = json.JSONDecoder(), self.text.strip()
        while rest:
            request, end = decoder.raw_decode(rest)
            yield request
            rest = rest[end:].strip()


NOW = at("2026-07-05 12:00")
"""When the recipes are performed: their month is not over, whether or not the clock ticks first."""


def recipes() -> list[Recipe]:
    """All recipes, in the order of the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    found = [Recipe(*groups) for groups in RECIPE.findall(text)]
    # Besides, the address is exported once, and the services are listed once.
    assert len(found) == len(re.findall(r"\$ENVRULES ", text)) - 1
    return found


class Reflection:
    """Calls a server of which nothing is known but its address, as grpcurl does."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._database = ProtoReflectionDescriptorDatabase(channel)
        self._pool = DescriptorPool(self._database)

    def services(self) -> list[str]:
        """Return the services that the server names."""
        return list(self._database.get_services())

    def call(self, recipe: Recipe) -> tuple[list[dict[str, Any]], str]:
        """Make the call; return its responses, or the reason why it was refused."""
        method = self._pool.FindServiceByName(recipe.service).methods_by_name[recipe.method]
        request_type, response_type = map(GetMessageClass, (method.input_type, method.output_type))
        requests = [
            json_format.ParseDict(request, request_type(), descriptor_pool=self._pool)
            for request in recipe.requests()
        ]
        call = self._channel.stream_stream(
            f"/{recipe.service}/{recipe.method}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )
        if not method.client_streaming:
            assert len(requests) == 1
        answers = call(iter(requests), timeout=60)
        try:
            # A watch has no end; one response shows that it is one.
            taken = islice(answers, 1) if recipe.method in ENDLESS else answers
            return [json_format.MessageToDict(answer) for answer in taken], ""
        except grpc.RpcError as error:
            failed = CallFailed(error)
            return [], failed.reason or str(failed)
        finally:
            answers.cancel()


@dataclass(frozen=True)
class Buf:
    """buf's client, a program in Go that knows as little: of grpcurl itself there is no package."""

    address: str

    def call(self, recipe: Recipe) -> tuple[list[dict[str, Any]], str]:
        """Make the call; return its responses, or the reason why it was refused."""
        url = f"http://{self.address}/{recipe.service}/{recipe.method}"
        command = [buf(), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
        with subprocess.Popen(
            [*command, "--data", recipe.text, url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as called:
            assert called.stdout is not None
            assert called.stderr is not None
            endless = recipe.method in ENDLESS
            answers = list(_answers(called.stdout, 1 if endless else None))
            if endless:
                called.terminate()
                return answers, ""
            said = called.stderr.read()
        return answers, _reason(json.loads(said)) if said else ""


def _answers(lines: Iterable[str], at_most: int | None) -> Iterator[dict[str, Any]]:
    """Yield what is printed, of which each object ends with a brace at the margin."""
    text = ""
    for line in lines:
        text += line
        if line.startswith(("}", "{}")):
            yield json.loads(text)
            text, at_most = "", at_most and at_most - 1
            if at_most == 0:
                return


def _reason(status: dict[str, Any]) -> str:
    (info,) = (one["value"] for one in status["details"] if one["type"] == "google.rpc.ErrorInfo")
    return ErrorInfo.FromString(base64.b64decode(info + "==")).reason


def perform(call: Callable[[Recipe], tuple[list[dict[str, Any]], str]]) -> None:
    """Make the calls of the guide, one after the other.

    The ids that the guide makes up stand for those that this server gave before.
    """
    given = dict[str, str]()
    for recipe in recipes():
        text = recipe.text
        for made_up, real in given.items():
            text = text.replace(f'"{made_up}"', f'"{real}"')
        answers, refusal = call(Recipe(text, recipe.service, recipe.method))
        assert refusal == REFUSED.get(recipe.method, ""), recipe
        if refusal:
            continue
        answer = answers[-1]
        if recipe.method == "CreateLocality":
            given["3f9a"] = answer["locality"]["schemes"][0]["revision"]
        if "receipts" in answer:
            assert {one["status"] for one in answer["receipts"]} == {"RECEIPT_STATUS_STORED"}
        if recipe.method == "SubmitEvents":
            (decision,) = answer["receipts"][1]["decisionIds"]
            given |= dict.fromkeys(("5f0c", "6a1d", "7b2e"), decision)


def test_every_recipe_of_the_guide(start: Callable[..., Site]) -> None:
    """Each recipe, in turn, is understood by a new server and does what it is there for."""
    with grpc.insecure_channel(start(clock=lambda: NOW).address) as channel:
        perform(Reflection(channel).call)


def test_every_recipe_in_another_language(start: Callable[..., Site]) -> None:
    """A program in Go that is not ours performs the same recipes, by reflection alone."""
    perform(Buf(start(clock=lambda: NOW).address).call)


def test_the_services_are_listed(site: Site) -> None:
    """Reflection names every service of which the guide shows a call, and its methods are shown."""
    with grpc.insecure_channel(site.address) as channel:
        named = {name for name in Reflection(channel).services() if name.startswith("envrules.")}
    assert named == {recipe.service for recipe in recipes()}
