"""Another reader of Content Credentials, in a browser: c2pa-web, compiled to WebAssembly.

Its files come from node_modules, which `make test` fills if npm is there; no network is asked.
"""

import json
import mimetypes
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from sign_video import manifest
from tests.provenance import boxes, ours
from tests.provenance.attacks import stripped
from tests.provenance.mutation import flipped

MODULES = Path(__file__).parents[2] / "node_modules"
#: Nothing listens there: every request is answered here.
ORIGIN = "http://localhost:9"
PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports": {
  "highgain": "/highgain/dist/index.js", "ts-deepmerge": "/ts-deepmerge/esm/index.js"}}</script>"""
READ = """async ([root, type]) => {
  const { createC2pa } = await import("/@contentauth/c2pa-web/dist/index.js");
  const c2pa = await createC2pa({
    wasmSrc: "/@contentauth/c2pa-web/dist/resources/c2pa_bg.wasm",
    settings: { trust: { userAnchors: root }, verify: { verifyTrust: true } },
  });
  try {
    const file = await (await fetch("/file")).blob();
    const reader = await c2pa.reader.fromBlob(type, file);
    if (!reader) return null;
    const store = await reader.manifestStore();
    const active = store.manifests[store.active_manifest];
    const pictures = {};
    for (const part of active.ingredients) {
      const bytes = part.thumbnail && await reader.resourceToBytes(part.thumbnail.identifier);
      pictures[part.title] = bytes ? Array.from(bytes.slice(0, 3)) : null;
    }
    await reader.free();
    return { store, active, pictures };
  } finally {
    c2pa.dispose();
  }
}"""


@pytest.fixture
def elsewhere(window: BrowserContext) -> Page:
    """A page of nobody's that can load the reader."""
    if not (MODULES / "@contentauth" / "c2pa-web").is_dir():
        pytest.skip("no other reader looks at our clip: c2pa-web is not there (npm install)")
    page = window.new_page()
    page.route(f"{ORIGIN}/**", answer)
    page.goto(f"{ORIGIN}/")
    return page


def answer(route: Route) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/").partition("?")[0]
    if not name:
        route.fulfill(body=PAGE, content_type="text/html")
        return
    kind = mimetypes.guess_type(name)[0] or "application/wasm"
    route.fulfill(body=(MODULES / name).read_bytes(), content_type=kind)


def read(page: Page, body: bytes) -> Any:
    page.route(
        f"{ORIGIN}/file",
        lambda route: route.fulfill(body=body, content_type=manifest.MEDIA_TYPE),
    )
    return page.evaluate(READ, [ours.published().root, manifest.MEDIA_TYPE])


def test_it_takes_our_clip_for_valid_and_shows_label_and_ingredient(elsewhere: Page) -> None:
    found = read(elsewhere, ours.published().video)
    assert found["store"]["validation_state"] == "Trusted", json.dumps(found["store"])[:2_000]
    (actions,) = [
        each["data"]["actions"]
        for each in found["active"]["assertions"]
        if each["label"].startswith("c2pa.actions")
    ]
    made = actions[0]
    assert made["action"] == "c2pa.created"
    assert made["digitalSourceType"].endswith("/algorithmicMedia")
    assert made["softwareAgent"]["name"] == ours.ENGINE.name
    (part,) = found["active"]["ingredients"]
    assert (part["title"], part["relationship"]) == ("photo.jpg", "inputTo")
    assert found["pictures"] == {"photo.jpg": [0xFF, 0xD8, 0xFF]}


def test_it_refuses_a_changed_clip_and_finds_nothing_in_a_stripped_one(elsewhere: Page) -> None:
    video = ours.published().video
    place = boxes.named(video, "mdat").payload[1_000]
    assert read(elsewhere, flipped(video, place))["store"]["validation_state"] == "Invalid"
    assert read(elsewhere, stripped(video)) is None
