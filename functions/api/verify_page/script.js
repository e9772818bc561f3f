"use strict";
(() => {
  const settings = JSON.parse(document.body.dataset.settings);
  const $ = (id) => document.getElementById(id);
  const MEGA = 1000 * 1000;
  // How a lamp looks in each state, and its sign, which is seen without colours too.
  const ON = "on", HALF = "half", OFF = "off", DARK = "dark";
  const SIGN = { on: "✓", half: "~", off: "✕", dark: "–" };
  const LAMPS = {
    credential: { trusted: ON, untrusted: HALF, invalid: OFF, absent: DARK, unreadable: DARK },
    mark: { found: ON, none: DARK, unread: DARK },
    fingerprint: { same: ON, similar: HALF, none: DARK, unread: DARK },
  };
  const { language, words } = settings;
  // What comes from elsewhere may be written the other way round: it is kept apart (FSI and PDI).
  const apart = (value) => (document.dir === "rtl" ? `\u2068${value}\u2069` : value);
  // A text of the page's language, with what it has to be filled with.
  const text = (name, values = {}) =>
    words[name].replace(/\$(\w+)/g, (whole, key) => (key in values ? apart(values[key]) : whole));

  class Trouble extends Error {}
  let running = null;

  const say = (words, bad = false) => {
    $("said").textContent = words;
    $("said").classList.toggle("bad", bad);
  };

  // As randomUUID does, which only secure pages have.
  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  const pause = (seconds, signal) => new Promise((done, stop) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
  });

  // What the service says in detail, it says in English.
  const inDetail = (detail, otherwise) => (detail && language === "en" ? detail : text(otherwise));

  const ask = async (path, options) => {
    const answer = await fetch(path, { cache: "no-store", ...options });
    if (answer.ok) {
      return answer;
    }
    if (answer.status === 429) {
      const wait = Number(answer.headers.get("Retry-After")) || 60;
      throw new Trouble(text("often", { minutes: Math.ceil(wait / 60) }));
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Trouble(inDetail(problem.detail, "trouble"));
  };

  const upload = (form, file, signal) => new Promise((done, stop) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) {
      body.append(name, value);
    }
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        $("progress").value = event.loaded / event.total;
      }
    });
    request.addEventListener("load", () => (request.status < 300 ? done() : stop(
      new Trouble(text(request.status === 400 ? "not_taken_large" : "not_taken")))));
    request.addEventListener("error", () => stop(new Trouble(text("not_sent"))));
    signal.addEventListener("abort", () => { request.abort(); stop(signal.reason); }, { once: true });
    request.open("POST", form.url);
    request.send(body);
  });

  const settled = async (id, signal) => {
    const ends = Date.now() + settings.answerSeconds * 1000;
    while (Date.now() < ends) {
      const answer = await ask(`verify/${id}`, { signal });
      const check = await answer.json();
      if (check.status === "done") {
        return check;
      }
      if (check.status === "failed") {
        throw new Trouble(inDetail(check.detail, "unread"));
      }
      await pause(Number(answer.headers.get("Retry-After")) || 1, signal);
    }
    throw new Trouble(text("late"));
  };

  const made = (name, words, kind) => {
    const element = document.createElement(name);
    element.textContent = words;
    if (kind) {
      element.className = kind;
    }
    return element;
  };

  // Western digits everywhere, as the service's own sentences have them.
  const locale = new Intl.Locale(language === "en" ? "en-GB" : language, { numberingSystem: "latn" });
  const day = (moment) => new Date(moment).toLocaleDateString(locale,
    { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

  // What an unproven credential says of its signer may be anybody's name: it is told as a claim.
  const signer = (told) => {
    if (told.state !== "trusted") {
      return text("claims", { signer: told.signed_by });
    }
    return told.signed_at
      ? text("signed_by_on", { signer: told.signed_by, when: day(told.signed_at) })
      : text("signed_by", { signer: told.signed_by });
  };

  const lamp = (key, told) => {
    const look = LAMPS[key][told.state];
    const item = document.createElement("li");
    const sign = made("span", SIGN[look], `lamp ${look}`);
    sign.setAttribute("aria-hidden", "true");
    const lines = document.createElement("div");
    lines.append(made("h3", text(`lamp_${key}`)), made("p", text(`${key}_${told.state}`), "state"),
      made("p", told.says));
    if (told.signed_by) {
      lines.append(made("p", signer(told), "quiet"));
    }
    if (told.failures && told.failures.length) {
      lines.append(made("p", text("failed", { codes: told.failures.join(", ") }), "quiet"));
    }
    item.dataset.lamp = key;
    item.dataset.state = told.state;
    item.append(sign, lines);
    return item;
  };

  const show = (check) => {
    $("sentence").textContent = check.sentence;
    $("result").dataset.answer = check.answer;
    $("checked").textContent = check.checked_at
      ? text("checked", { when: new Date(check.checked_at).toLocaleString(locale) }) : "";
    $("lamps").replaceChildren(...Object.keys(LAMPS).filter((key) => check[key])
      .map((key) => lamp(key, check[key])));
    const rows = [];
    const story = check.story;
    if (story) {
      rows.push(["label", story.label], ["made", day(story.made_at)],
        ["engine", `${story.engine.name} ${story.engine.version}`]);
      if (story.name) {
        rows.push(["name", story.name]);
      }
    }
    $("story").replaceChildren(...rows.flatMap(
      ([row, told]) => [made("dt", text(`row_${row}`)), made("dd", apart(told))]));
    $("story").hidden = !rows.length;
    $("poster").hidden = !(story && story.poster_url);
    if (story && story.poster_url) {
      $("poster").src = story.poster_url;
    } else {
      $("poster").removeAttribute("src");
    }
    $("before").hidden = true;
    $("result").hidden = false;
    $("sentence").focus();
  };

  const busy = (file) => {
    $("ask").hidden = Boolean(file);
    $("work").hidden = !file;
    $("name").textContent = file ? file.name : "";
    $("progress").value = 0;
  };

  const check = async (file) => {
    running = new AbortController();
    const { signal } = running;
    $("result").hidden = true;
    busy(file);
    try {
      if (!file.size) {
        throw new Trouble(text("empty"));
      }
      if (file.size > settings.maxBytes) {
        throw new Trouble(text("too_large", { size: Math.round(file.size / MEGA) }));
      }
      say(text("sending"));
      const headers = { "Idempotency-Key": uuid() };
      const created = await (await ask("verify", { method: "POST", headers, signal })).json();
      await upload(created.upload, file, signal);
      $("progress").removeAttribute("value");
      say(text("looking"));
      show(await settled(created.id, signal));
      say("");
      busy(null);
    } catch (error) {
      busy(null);
      if (signal.aborted) {
        say(text("cancelled"));
      } else if (error instanceof Trouble) {
        say(error.message, true);
      } else {
        say(text("unreachable"), true);
      }
    } finally {
      running = null;
      $("file").value = "";
    }
  };

  const start = (files) => {
    if (running || !files.length) {
      return;
    }
    if (files.length > 1) {
      say(text("one_file"), true);
      return;
    }
    check(files[0]);
  };

  $("file").addEventListener("change", (event) => start(event.target.files));
  $("cancel").addEventListener("click", () => running && running.abort());
  $("again").addEventListener("click", () => {
    $("result").hidden = true;
    $("before").hidden = false;
    busy(null);
    say("");
    $("file").focus();
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      document.body.classList.remove("dropping");
    }
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    start(event.dataTransfer.files);
  });
})();
