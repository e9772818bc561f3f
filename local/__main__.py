"""`python -m local up|down|status`: the laptop stack without the command line's comforts."""
# ruff: noqa: T201 - a command line prints

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local import stack
from local.processes import StackError

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """0 if what was asked is so, 1 if the stack is not up or not well."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    command = parser.parse_args().command
    try:
        if command == "up":
            return _up()
        if command == "down":
            print("stopped" if stack.stop(ROOT) else "nothing ran")
            return 0
        return _status()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def _up() -> int:
    # Half a second of imports that `down` and `status` need not pay.
    from local.bring_up import up  # noqa: PLC0415

    laptop = up(ROOT)
    print(f"{'API':<10}{laptop.api_url}")
    for server in laptop.stack.servers:
        print(f"{server.name:<10}{server.url}")
    print(f"{'logs':<10}{laptop.stack.log_dir}")
    names = ", ".join(user.username for user in laptop.users)
    print(f"{'users':<10}{names}; passwords in {laptop.stack.state_dir / 'users.json'}")
    return 0


def _status() -> int:
    running = stack.find(ROOT)
    if running is None:
        print("not up")
        return 1
    servers = running.servers if running.lan is None else (*running.servers, running.lan)
    for server in servers:
        state = "healthy" if server.is_healthy() else "not well" if server.is_alive() else "ended"
        print(f"{server.name:<10}{state:<9}{server.url}  process {server.pid}  {server.log}")
    return 0 if all(server.is_healthy() for server in servers) else 1


if __name__ == "__main__":
    sys.exit(main())
