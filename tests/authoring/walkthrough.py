"""Follows a walk-through: writes the files that it shows and runs the commands, like its reader.

What counts are fenced blocks:

- ```` ```yaml FILE ```` is the content of a file (csv too), ```` ```yaml >> FILE ```` is added to
  its end;
- in ```` ```console ```` each line that begins with `$ ` is a command, the lines below it are what
  a terminal of 100 columns shows. `cd` is remembered; a command that ends with `&` is a server,
  which listens on a port of its own and is shown with the usual one, or the workbench, whose page
  is opened once.

A server sees a saved file a moment later: commands that look at that are tried again until they
show what the text shows, for a while.

Ids of decisions and revisions are hashes of content and change with it: those of the text stand
for those that are seen, by their order, in commands too.
"""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.authoring.clean_env import CleanEnv

_BLOCK = re.compile(
    r"^```(yaml|csv|console)(?: (>> )?(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
FENCED = re.compile(r"^```\w+[^\n]*\n.*?^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_ID = re.compile(r"\b(?=[a-f]*[0-9])[0-9a-f]{8}(?:[0-9a-f]{16}|[0-9a-f]{24})?\b")
_LOOKS = ("envrules revisions ", "envrules diff ")
_PATIENCE = 10.0
_USUAL = "127.0.0.1:50051"
_PAGE = "http://127.0.0.1:8080/?token=…"


def fenced(text: str) -> list[str]:
    """Return the fenced blocks of a page."""
    return FENCED.findall(text)


def follow(text: str, env: CleanEnv, folder: Path) -> str:
    """Do what a walk-through says, in an empty folder; return it with what was really shown."""
    with ExitStack() as stack:
        walk = _Walk(env, folder, stack)
        return _BLOCK.sub(walk.block, text)


@dataclass
class _Walk:
    env: CleanEnv
    folder: Path
    stack: ExitStack
    address: str = ""
    real: dict[str, str] = field(default_factory=dict)
    """Id in the text → the one that was seen in its place."""

    def block(self, block: re.Match[str]) -> str:
        """Do one block; return it as it should be."""
        _, append, file, body = block.groups()
        if block[1] == "console":
            return block[0].replace(body, _COMMAND.sub(self.command, body))
        if file:
            with (self.folder / file).open("a" if append else "w", encoding="utf-8") as out:
                out.write(body)
        return block[0]

    def command(self, shown: re.Match[str]) -> str:
        """Run a command; return it with its output, in the text's ids."""
        given_up = time.monotonic() + (_PATIENCE if shown[1].startswith(_LOOKS) else 0)
        while True:
            known = dict(self.real)
            seen = self._once(shown)
            if seen == shown[0] or time.monotonic() > given_up:
                return seen
            self.real = known

    def _once(self, shown: re.Match[str]) -> str:
        command = _ID.sub(lambda known: self.real.get(known[0], known[0]), shown[1])
        seen = "".join(f"{line.rstrip()}\n" for line in self._run(command).splitlines())
        known, found = _ID.findall(shown[2]), _ID.findall(seen)
        if len(known) == len(found):  # else something else was shown: nothing stands for anything
            self.real |= dict(zip(known, found, strict=True))
        in_text = {real: text for text, real in self.real.items()}
        return f"$ {shown[1]}\n" + _ID.sub(lambda real: in_text.get(real[0], real[0]), seen)

    def _run(self, command: str) -> str:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return ""
        if command.startswith("envrules workbench ") and command.endswith(" &"):
            self.stack.enter_context(self.env.opened(command.removesuffix(" &"), self.folder))
            return _PAGE
        if command.endswith(" &"):
            serving = self.env.serving(command.removesuffix(" &"), self.folder)
            self.address = self.stack.enter_context(serving)
            return f"listening on {_USUAL}"
        variables = self.env.variables | {"ENVRULES_SERVER": self.address or _USUAL}
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=variables, text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.stdout
