"""`enliven review`: what waits for a reviewer, what it was judged on, and the decision about it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, get_args

from cli import acting
from cli import profile as profiles
from cli.client import Deadline, StoriesApi
from cli.outcome import Exit
from cli.words import printable
from story.review import Decision, Severity
from story.review_view import Decided, ReviewList, ReviewSummary, ReviewView

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from story.review_view import ReviewFinding, ReviewVerdict

_TIMEOUT_SECONDS = 60.0
_SHOWN_ID = 32


def arguments(parser: ArgumentParser) -> None:
    """The arguments of `enliven review`."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listing = acts.add_parser("list", help="what waits, the most urgent first")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")
    _common(listing)
    for act, purpose in (
        ("show", "verdicts with scores and thresholds, reports, links to the evidence"),
        ("claim", "take it for 15 minutes; again, for 15 more"),
        ("release", "give it back"),
        ("decide", "decide about what you have claimed"),
    ):
        command = acts.add_parser(act, help=purpose)
        command.add_argument("story", metavar="STORY")
        if act == "decide":
            command.add_argument("decision", choices=get_args(Decision))
            command.add_argument("--reason", required=True, help="for the trail, in your words")
            command.add_argument(
                "--category",
                action="append",
                default=[],
                metavar="NAME",
                help="what is set aside (allow, overturn; all that fired) or broken (remove)",
            )
        _common(command)


def _common(command: ArgumentParser) -> None:
    command.add_argument("--profile", default=profiles.LOCAL, metavar="NAME")
    command.add_argument("--json", action="store_true", help="print what the API answers")


def run(options: Namespace) -> Exit:
    """Do one of the acts, as the profile's user, who has to be a reviewer."""
    if options.act != "list":
        acting.require_story(options.story)
    with closing(StoriesApi(profiles.load(options.profile), Deadline(_TIMEOUT_SECONDS))) as api:
        lines, raw = _ACTS[options.act](api, options)
    print(raw.decode() if options.json else "\n".join(map(printable, lines)))
    return Exit.OK


def _list(api: StoriesApi, options: Namespace) -> tuple[list[str], bytes]:
    told, raw = api.call(ReviewList, "GET", f"/reviews?limit={options.limit}")
    lines = [_line(each) for each in told.reviews] or ["Nothing waits."]
    return lines + (["There is more: --limit"] if told.next else []), raw


def _line(each: ReviewSummary) -> str:
    notes = [
        f"{each.reports} reports" if each.reports else "",
        "claimed" if each.claimed_by else "",
        "not yours to decide" if each.conflict else "",
    ]
    return "  ".join(
        [
            f"{each.id:<{_SHOWN_ID}}",
            f"{Severity(each.severity).name.lower():<6}",
            f"{each.kind:<8}",
            f"since {each.waiting_since}",
            *filter(None, notes),
        ]
    )


def _show(api: StoriesApi, options: Namespace) -> tuple[list[str], bytes]:
    told, raw = api.call(ReviewView, "GET", f"/reviews/{options.story}")
    return list(_described(told)), raw


def _described(story: ReviewView) -> Iterator[str]:
    yield _line(story)
    if story.conflict:
        yield f"✗ {story.conflict}"
    yield f"attempt {story.attempt}, {story.status}"
    for name, words in (("prompt", story.prompt), ("caption", story.caption)):
        if words:
            yield f"{name}: {words}"
    for verdict in story.verdicts:
        yield f"{verdict.gate}, attempt {verdict.attempt}: {verdict.verdict} ({verdict.policy})"
        yield from (_scored(verdict, each) for each in verdict.findings)
    for report in story.report_list:
        who = "without account" if report.anonymous else "with account"
        yield f"reported {report.reported_at} {report.reason} ({who}) {report.text or ''}".rstrip()
    if story.appeal:
        yield f"appealed {story.appeal.appealed_at}: {story.appeal.text}"
    for past in story.decisions:
        yield f"decided {past.at} {past.decision}: {past.reason}"
    for each in story.evidence:
        yield f"{each.kind} {each.name}: {each.url}"
    yield f"possible: {', '.join(story.possible)}"


def _scored(verdict: ReviewVerdict, found: ReviewFinding) -> str:
    limits = ", ".join(
        f"{name} from {limit:g}"
        for name, limit in (("review", found.review_at), ("reject", found.reject_at))
        if limit is not None
    )
    mark = "→" if found.fired and verdict.verdict != "allow" else " "
    return f"  {mark} {found.row}: {found.confidence:.1f} % ({limits or 'counts for nothing'})"


def _claim(api: StoriesApi, options: Namespace) -> tuple[list[str], bytes]:
    told, raw = api.call(ReviewSummary, "POST", f"/reviews/{options.story}/claim")
    return [f"✓ yours until {told.claimed_until}"], raw


def _release(api: StoriesApi, options: Namespace) -> tuple[list[str], bytes]:
    _, raw = api.call(ReviewSummary, "POST", f"/reviews/{options.story}/release")
    return ["✓ released"], raw


def _decide(api: StoriesApi, options: Namespace) -> tuple[list[str], bytes]:
    said = {
        "decision": options.decision,
        "reason": options.reason,
        "categories": options.category,
    }
    told, raw = api.call(Decided, "POST", f"/reviews/{options.story}/decide", said)
    return [f"✓ {told.decision}; the story is {told.status}"], raw


_ACTS = {
    "list": _list,
    "show": _show,
    "claim": _claim,
    "release": _release,
    "decide": _decide,
}
