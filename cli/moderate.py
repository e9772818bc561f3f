"""`enliven moderate`: what the gates say of a photo and words, without a stack or a story.

0 allowed; 3 rejected or held for review; 2 the file's or the words' own fault; 4 no verdict.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.outcome import CommandFailed, Exit, exit_of_code
from local import moderate
from story.errors import EnlivenError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """What to judge, and by which gate."""
    moderate.arguments(parser)
    # The answer is a document in any case; a failure is one as well.
    parser.set_defaults(json=True)


def run(options: Namespace) -> Exit:
    """Print the verdict as JSON, with its reasons, all that was found, and the policy."""
    try:
        asked = moderate.asked(options)
        with moderate.gates() as gatekeeper:
            document = gatekeeper.judge(asked)
    except moderate.Refused as error:
        raise CommandFailed(error.code, error.detail, Exit.USAGE) from error
    except EnlivenError as error:
        code = type(error).code()
        raise CommandFailed(code, str(error), exit_of_code(code)) from error
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return Exit.OK if document["verdict"] == "allow" else Exit.REJECTED
