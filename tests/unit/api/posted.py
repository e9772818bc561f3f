"""Posted stories, written as post_story leaves them, without a video."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cloud import posts, stories
from cloud.clients import client
from local import golden_events
from story import feed, identifiers
from story.contracts import ShownClip, Visibility

CREATOR = "creator"
AT = "2026-11-22T12:00:00.000Z"
SIGNED: Any = golden_events.OUTPUTS["SignVideo"]
ENGINE: Any = golden_events.INPUTS["SignVideo"]
PROMPT = "kanarienvogel, come alive"
CLIP = ShownClip(alt_text="It seems to show sea.", width=720, height=1280, seconds=5)


def ready(creator: str = CREATOR, **changed: Any) -> str:
    """A READY story's record."""
    story_id = identifiers.new_story_id()
    stories.create(
        {
            "story_id": story_id,
            "status": "READY",
            "creator": creator,
            "created_at": AT,
            "updated_at": AT,
            "expires_at": "2026-11-22T13:00:00.000Z",
            "attempt": 1,
            "execution_arn": "arn:this",
            "prompt": PROMPT,
            "engine": ENGINE.engine.model_dump_json(),
            "credential": SIGNED.credential.model_dump_json(),
            "video": SIGNED.video.model_dump_json(),
            "poster": SIGNED.poster.model_dump_json(),
            **changed,
        }
    )
    return story_id


def post(
    story_id: str,
    *,
    creator: str = CREATOR,
    ago: timedelta = timedelta(),
    visibility: Visibility = "everyone",
    caption: str | None = "a day at the sea",
    age_restriction: int | None = None,
) -> None:
    """READY -> POSTED, so long ago."""
    at = datetime.now(UTC) - ago
    assert posts.post(
        story_id,
        creator=creator,
        attempt=1,
        now=at,
        visibility=visibility,
        clip=CLIP,
        caption=caption,
        age_restriction=age_restriction,
    )
    posts.remember_page(story_id, at + feed.LASTS)


def posted(**how: Any) -> str:
    """A story that was posted."""
    story_id = ready()
    post(story_id, **how)
    return story_id


def change(story_id: str, **fields: Any) -> None:
    """Overwrite fields of a record, whatever the rules are."""
    client("dynamodb").update_item(
        TableName="stories",
        Key=stories.to_item({"pk": f"STORY#{story_id}", "sk": "META"}),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues=stories.to_item({f":{k}": v for k, v in fields.items()}),
    )


def erase(story_id: str) -> None:
    """What settle_story leaves of a story that was deleted: no META record."""
    stories.forget({"pk": f"STORY#{story_id}", "sk": "META"})


@contextmanager
def lambda_service(
    answer: Callable[[dict[str, Any]], tuple[Any, str | None]],
) -> Iterator[str]:
    """Lambda's Invoke over HTTP, on loopback: `answer` gives a payload and what kind of error."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            payload, error = answer(asked)
            raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            self.send_response(200)
            if error:
                self.send_header("X-Amz-Function-Error", error)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
