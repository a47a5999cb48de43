"""The ``tidegate`` command."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import secrets
import sys
from pathlib import Path

from proxy import __version__
from proxy.config.keys import digest, weakness
from proxy.config.loader import load
from proxy.config.problems import ConfigError
from proxy.config.report import policy_facts, policy_report
from proxy.inference.building import command as build_models
from proxy.inference.evaluation import command as evaluate
from proxy.inference.index import command as build_index

OK = 0
FAILED = 1
INVALID = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line ``argv`` (by default the process's) and return the exit status.

    0 is success, 1 a failure of the machine (a port in use, say), 2 an unusable configuration or usage.
    Raises :class:`SystemExit` for ``--help``, ``--version`` and wrong usage, as argparse does.
    """
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.handler(arguments)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return INVALID
    except BrokenPipeError:
        # The reader (head, say) has had enough; keep the interpreter from flushing into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"tidegate: {error.strerror or error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidegate", description="A guardrail proxy that checks chat completions while they stream."
    )
    parser.add_argument("--version", action="version", version=f"tidegate {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the deployments of a configuration file")
    _add_config(serve)
    _add_address(serve)
    serve.add_argument("--workers", type=_workers, default=1, help="worker processes (default: %(default)s)")
    serve.set_defaults(handler=_serve)

    check = commands.add_parser("check", help="validate a configuration file and report what it enforces")
    _add_config(check)
    check.add_argument("--json", action="store_true", help="print the report as JSON, with every rule")
    check.add_argument("--rules", action="store_true", help="list every rule, not only how many there are")
    check.set_defaults(handler=_check)

    demo = commands.add_parser("demo", help="serve with an embedded demo model; no key and no network needed")
    _add_address(demo)
    demo.add_argument("--once", action="store_true", help="send one request, show what was held, and exit")
    demo.set_defaults(handler=_demo)

    build_models.add_parser(commands)
    build_index.add_parser(commands)
    evaluate.add_parser(commands)

    hash_key = commands.add_parser("hash-key", help="print the key_sha256 of a client key read from stdin")
    hash_key.add_argument("--generate", action="store_true", help="make a new key and print it too")
    hash_key.set_defaults(handler=_hash_key)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration file (YAML)")


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen at (default: %(default)s)")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("expected a port from 0 to 65535")
    return int(text)


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_024:
        raise argparse.ArgumentTypeError("expected a number from 1 to 1024")
    return int(text)


# The server and the demo are imported where they are needed: `check` must not pay for them.


def _serve(arguments: argparse.Namespace) -> int:
    from proxy.server.workers import serve

    return serve(arguments.config, arguments.host, arguments.port, arguments.workers)


def _check(arguments: argparse.Namespace) -> int:
    from proxy.inference.workshop import Workshop
    from proxy.upstream.client import UpstreamClient

    # Nothing is loaded and nobody is asked: it only says which backends could be had.
    configuration = load(arguments.config, os.environ, Workshop(UpstreamClient()).open)
    if arguments.json:
        print(json.dumps(policy_facts(configuration), indent=2))
    else:
        print(policy_report(configuration, every_rule=arguments.rules), end="")
    return OK


def _demo(arguments: argparse.Namespace) -> int:
    from proxy.demo import command

    return command.once() if arguments.once else command.run(arguments.host, arguments.port)


def _hash_key(arguments: argparse.Namespace) -> int:
    if arguments.generate:
        key = f"tg-{secrets.token_urlsafe(32)}"
        print(f"key: {key}\nkey_sha256: {digest(key).hex()}")
        return OK
    key = getpass.getpass("key: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if reason := weakness(key):
        print(f"tidegate: the key {reason}", file=sys.stderr)
        return INVALID
    print(digest(key).hex())
    return OK
