"""Every limit of a story, each with its unit in the name. Derived ones are computed."""

MAX_UPLOAD_BYTES = 25 * 1024 * 1024
MAX_PHOTO_PIXELS = 40_000_000
MIN_PHOTO_SIDE_PX = 256
#: HEIC and AVIF are trees of boxes; parsers of such trees can be quadratic in their number.
MAX_PHOTO_BOXES = 2_000
#: Rekognition takes up to 10,000 px a side and 15 MB; a clean photo stays well below both.
CLEAN_PHOTO_MAX_SIDE_PX = 2_048
CLEAN_PHOTO_JPEG_QUALITY = 92

MAX_PROMPT_CHARACTERS = 600

UPLOAD_FORM_SECONDS = 60 * 60
#: How long a draft waits for its prompt; the workflow waits as much longer as its function may run.
PROMPT_SECONDS = 30 * 60
AWAIT_PROMPT_SECONDS = 60
DOWNLOAD_URL_SECONDS = 5 * 60

MAX_CAPTION_CHARACTERS = 300

#: How long a posted story is seen.
POSTED_SECONDS = 24 * 60 * 60
#: A page that had a story says so for this long after the story is gone.
GONE_PAGE_SECONDS = 30 * 24 * 60 * 60

#: What is made when nothing is said, and between what one may choose; an engine may allow less.
CLIP_SECONDS = 5.0
MIN_CLIP_SECONDS, MAX_CLIP_SECONDS = 3.0, 10.0
CLIP_FPS = 24
CLIP_WIDTH_PX = 720
CLIP_HEIGHT_PX = 1_280
MAX_CLIP_BYTES = 100 * 1024 * 1024

#: A request that waits longer than this in the endpoint's queue expires there, perhaps silently.
REQUEST_TTL_SECONDS = 1_800
INVOCATION_TIMEOUT_SECONDS = 900
GENERATION_TIMEOUT_SECONDS = REQUEST_TTL_SECONDS + INVOCATION_TIMEOUT_SECONDS + 120

#: A clip with a defect is asked for once more, with another seed.
MAX_TAKES = 2
#: If those were a trained model's, the procedural engine makes one more, if the story allows it.
FALLBACK_TAKE = MAX_TAKES + 1

#: The most frames of a clip that gate 2 judges: each is a paid call, a cent for all.
GATE_FRAMES = 10
