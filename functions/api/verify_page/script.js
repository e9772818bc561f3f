"use strict";
(() => {
  const settings = JSON.parse(document.body.dataset.settings);
  const $ = (id) => document.getElementById(id);
  const MEGA = 1000 * 1000;
  // How a lamp looks, what it is called, and its sign, which is seen without colours too.
  const ON = "on", HALF = "half", OFF = "off", DARK = "dark";
  const SIGN = { on: "✓", half: "~", off: "✕", dark: "–" };
  const LAMPS = [
    ["credential", "Content Credentials", {
      trusted: [ON, "They hold"],
      untrusted: [HALF, "They hold; who signed is not known here"],
      invalid: [OFF, "They do not hold"],
      absent: [DARK, "None in the file"],
      unreadable: [DARK, "Could not be read"],
    }],
    ["mark", "Hidden mark", {
      found: [ON, "Found"],
      none: [DARK, "Not found"],
      unread: [DARK, "Not looked for"],
    }],
    ["fingerprint", "Likeness", {
      same: [ON, "The same"],
      similar: [HALF, "Alike"],
      none: [DARK, "Like none"],
      unread: [DARK, "Not compared"],
    }],
  ];

  class Trouble extends Error {}
  let running = null;

  const say = (text, bad = false) => {
    $("said").textContent = text;
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

  const minutes = (seconds) => (seconds < 90 ? "a minute" : `${Math.ceil(seconds / 60)} minutes`);

  const ask = async (path, options) => {
    const answer = await fetch(path, { cache: "no-store", ...options });
    if (answer.ok) {
      return answer;
    }
    if (answer.status === 429) {
      const wait = Number(answer.headers.get("Retry-After")) || 60;
      throw new Trouble(`Too many files were sent to be checked. Please try again in ${minutes(wait)}.`);
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Trouble(problem.detail || "The service does not answer as it should. Please try again.");
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
      new Trouble(request.status === 400 ? "The file was not taken: is it larger than 100 MB?"
        : "The file was not taken. Please try again."))));
    request.addEventListener("error", () => stop(
      new Trouble("The file could not be sent. Are you online?")));
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
        throw new Trouble(check.detail || "The file could not be looked at.");
      }
      await pause(Number(answer.headers.get("Retry-After")) || 1, signal);
    }
    throw new Trouble("There is no answer yet, which takes longer than it should. Please try again.");
  };

  const made = (name, text, kind) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (kind) {
      element.className = kind;
    }
    return element;
  };

  const day = (moment) => new Date(moment).toLocaleDateString("en-GB",
    { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

  const lamp = ([key, title, states], told) => {
    const [look, state] = states[told.state];
    const item = document.createElement("li");
    const sign = made("span", SIGN[look], `lamp ${look}`);
    sign.setAttribute("aria-hidden", "true");
    const words = document.createElement("div");
    words.append(made("h3", title), made("p", state, "state"), made("p", told.says));
    if (told.signed_by) {
      const when = told.signed_at ? `, ${day(told.signed_at)}` : "";
      words.append(made("p", `Signed by ${told.signed_by}${when}`, "quiet"));
    }
    if (told.failures && told.failures.length) {
      words.append(made("p", `Failed: ${told.failures.join(", ")}`, "quiet"));
    }
    item.dataset.lamp = key;
    item.dataset.state = told.state;
    item.append(sign, words);
    return item;
  };

  const show = (check) => {
    $("sentence").textContent = check.sentence;
    $("result").dataset.answer = check.answer;
    $("checked").textContent = check.checked_at
      ? `Checked on ${new Date(check.checked_at).toLocaleString("en-GB")}` : "";
    $("lamps").replaceChildren(...LAMPS.filter(([key]) => check[key])
      .map((each) => lamp(each, check[each[0]])));
    const rows = [];
    const story = check.story;
    if (story) {
      rows.push(["Label", story.label], ["Made on", day(story.made_at)],
        ["Engine", `${story.engine.name} ${story.engine.version}`]);
      if (story.name) {
        rows.push(["Called", story.name]);
      }
    }
    $("story").replaceChildren(...rows.flatMap(([term, text]) => [made("dt", term), made("dd", text)]));
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
        throw new Trouble("This file is empty.");
      }
      if (file.size > settings.maxBytes) {
        throw new Trouble(
          `This file has ${Math.round(file.size / MEGA)} MB; 100 MB are the most that is looked at.`);
      }
      say("Sending the file …");
      const headers = { "Idempotency-Key": uuid() };
      const created = await (await ask("verify", { method: "POST", headers, signal })).json();
      await upload(created.upload, file, signal);
      $("progress").removeAttribute("value");
      say("Looking at it …");
      show(await settled(created.id, signal));
      say("");
      busy(null);
    } catch (error) {
      busy(null);
      if (signal.aborted) {
        say("Cancelled.");
      } else if (error instanceof Trouble) {
        say(error.message, true);
      } else {
        say("The service cannot be reached. Are you online?", true);
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
      say("One file at a time, please.", true);
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
