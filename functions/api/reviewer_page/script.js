"use strict";
(() => {
  const settings = JSON.parse(document.body.dataset.settings);
  const $ = (id) => document.getElementById(id);
  const SEVERITY = ["urgent", "high", "normal"];
  const KIND = { held: "Held at a gate", reported: "Reported", appeal: "Appeal" };
  const EFFECT = {
    allow: "Allow: it is made, and the findings below are set aside",
    reject: "Reject: it is not made; a strike",
    restore: "Restore: it is seen again",
    remove: "Remove: nobody sees it; a strike",
    overturn: "Overturn: the decision was wrong",
    uphold: "Uphold: the decision stands, for good",
  };
  /* The token lives in this variable alone: closing the page signs out. */
  let token = null, queue = [], next = null, at = 0, story = null, shot = 0, shown = new Set();

  const make = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const say = (text, bad = false) => { $("said").textContent = text; $("said").classList.toggle("bad", bad); };
  /* Words have no thresholds of ours: the guardrail's own strength decides. */
  const limits = (each) => each.review_at === null && each.reject_at === null
    ? "no threshold of ours" : `review from ${percent(each.review_at)}, reject from ${percent(each.reject_at)}`;
  const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(value * 10) / 10} %`);
  const moment = (text) => (text ? new Date(text).toLocaleString() : "–");
  const ago = (text) => {
    const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60000));
    return minutes < 60 ? `${minutes} min` : minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
  };

  async function api(method, path, body) {
    const headers = { authorization: `Bearer ${token}` };
    if (method === "POST") headers["idempotency-key"] = crypto.randomUUID();
    if (body) headers["content-type"] = "application/json";
    /* Paths begin where this page is, whatever stands before it. */
    const answer = await fetch(new URL(path, location.href), { method, headers, body: body && JSON.stringify(body) });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    if (answer.status === 401) signOut();
    throw new Error(told.detail || told.message || `The API answered ${answer.status}.`);
  }

  async function trying(what) {
    try { await what(); } catch (error) { say(error.message, true); }
  }

  /* Signing in ---------------------------------------------------------------------------------*/

  async function signIn(user, password) {
    const answer = await fetch(settings.signInUrl, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth" },
      body: JSON.stringify({ AuthFlow: "USER_PASSWORD_AUTH", ClientId: settings.clientId, AuthParameters: { USERNAME: user, PASSWORD: password } }),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.message || `Cognito answered ${answer.status}.`);
    if (!told.AuthenticationResult) throw new Error(`Cognito asks for ${told.ChallengeName}: sign in once elsewhere.`);
    token = told.AuthenticationResult.AccessToken;
    $("who").textContent = user;
    $("sign-in").hidden = true;
    $("work").hidden = $("sign-out").hidden = false;
    await loadQueue();
    $("list").focus();
  }

  function signOut() {
    token = null; queue = []; story = null; shown.clear();
    for (const id of ["list", "strip", "large", "fired", "scores", "words", "reports", "decisions"]) $(id).replaceChildren();
    $("who").textContent = $("appeal").textContent = "";
    $("opened").hidden = $("work").hidden = $("sign-out").hidden = true;
    $("sign-in").hidden = false;
    $("user").focus();
  }

  /* The queue ----------------------------------------------------------------------------------*/

  async function loadQueue(more = false) {
    const told = await api("GET", more && next ? `reviews?cursor=${encodeURIComponent(next)}` : "reviews");
    queue = more ? [...queue, ...told.reviews] : told.reviews;
    next = told.next;
    at = Math.min(at, Math.max(0, queue.length - 1));
    showQueue();
    say(`${queue.length}${next ? " or more" : ""} wait.`);
  }

  function showQueue() {
    $("list").replaceChildren(...queue.map((each, index) => {
      const item = make("li");
      item.id = `item-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(index === at));
      const what = make("div", "", "what");
      what.append(make("span", SEVERITY[each.severity], `badge ${SEVERITY[each.severity]}`), KIND[each.kind]);
      const facts = [`waits ${ago(each.waiting_since)}`];
      if (each.reports) facts.push(`${each.reports} report${each.reports > 1 ? "s" : ""}`);
      if (each.claimed_by) facts.push("claimed");
      if (each.conflict) facts.push("not yours to decide");
      item.append(what, make("div", facts.join(" · "), "quiet"), make("div", each.id.slice(0, 12), "id"));
      item.addEventListener("click", () => { at = index; showQueue(); trying(open); });
      return item;
    }));
    $("list").setAttribute("aria-activedescendant", queue.length ? `item-${at}` : "");
    $("count").textContent = queue.length ? `(${queue.length}${next ? "+" : ""})` : "";
    $("empty").hidden = queue.length > 0;
    $("more").hidden = !next;
  }

  function move(by) {
    if (!queue.length) return;
    at = Math.min(queue.length - 1, Math.max(0, at + by));
    showQueue();
    $(`item-${at}`).scrollIntoView({ block: "nearest" });
  }

  /* One story ----------------------------------------------------------------------------------*/

  async function open() {
    if (!queue.length) return;
    const again = story && story.id === queue[at].id;
    story = await api("GET", `reviews/${queue[at].id}`);
    if (!again) { shot = 0; shown = new Set(); $("reason").value = ""; }
    showStory(again);
    say(again ? "Links renewed." : "Opened. Nothing is shown clearly before you ask.");
  }

  function judgedBy(evidence) {
    /* The latest verdict of the gate that judged the picture. */
    const gate = evidence.kind === "photo" ? "photo" : evidence.kind === "frame" ? "video" : null;
    return story.verdicts.filter((each) => each.gate === gate).pop();
  }

  function scoreOf(evidence) {
    const verdict = judgedBy(evidence);
    if (!verdict) return [];
    const frames = story.evidence.filter((each) => each.kind === "frame");
    const index = evidence.kind === "frame" ? frames.indexOf(evidence) : 0;
    const known = verdict.findings.map((each) => ({ ...each, score: each.scores[index] }));
    return known.filter((each) => each.score !== null && each.score !== undefined).sort((a, b) => b.score - a.score);
  }

  function picture(evidence, large) {
    const media = document.createElement(evidence.kind === "video" ? "video" : "img");
    if (evidence.kind === "video") {
      media.muted = true; media.loop = true; media.preload = "metadata"; media.controls = large; media.playsInline = true;
    } else media.alt = large ? `${evidence.kind} ${evidence.name}` : "";
    media.src = evidence.url;
    return media;
  }

  function showEvidence() {
    $("strip").replaceChildren(...story.evidence.map((evidence, index) => {
      const figure = make("figure");
      figure.setAttribute("role", "listitem");
      figure.setAttribute("aria-current", String(index === shot));
      const frame = make("div", undefined, shown.has(index) ? "shot" : "shot veiled");
      frame.append(picture(evidence, false));
      const caption = make("figcaption");
      const number = story.evidence.slice(0, index + 1).filter((each) => each.kind === evidence.kind).length;
      caption.append(make("div", evidence.kind === "frame" ? `frame ${number}` : evidence.kind));
      for (const each of scoreOf(evidence).slice(0, 3)) {
        const limits = [each.review_at, each.reject_at].map((limit) => (limit === null ? "–" : limit)).join("/");
        caption.append(make("div", `${each.label} ${Math.round(each.score)} (${limits})`, each.fired ? "fired" : ""));
      }
      figure.append(frame, caption);
      figure.addEventListener("click", () => { shot = index; showEvidence(); });
      return figure;
    }));
    if (!story.evidence.length) $("strip").replaceChildren(make("p", "Nothing was kept.", "quiet"));
    const selected = story.evidence[shot];
    $("large").className = shown.has(shot) ? "" : "veiled";
    $("large").replaceChildren(...(selected ? [picture(selected, true)] : []));
    const current = $("strip").querySelector('[aria-current="true"]');
    if (current) current.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function veil(index, clear) {
    if (clear) shown.add(index); else shown.delete(index);
  }

  function showStory(again) {
    $("hint").hidden = true;
    $("opened").hidden = false;
    $("story-title").textContent = `${KIND[story.kind]}: ${story.id}`;
    const facts = [`${SEVERITY[story.severity]}`, story.status, `waits ${ago(story.waiting_since)}`, `attempt ${story.attempt}`];
    if (story.posted_at) facts.push(`posted ${moment(story.posted_at)} for ${story.visibility}`);
    facts.push(story.people_consent ? "consent of people stated" : "no consent of people stated");
    $("facts").textContent = facts.join(" · ");
    $("conflict").hidden = !story.conflict;
    $("conflict").textContent = story.conflict || "";
    showClaim();
    $("fired").replaceChildren(...rules());
    showEvidence();
    const words = [["Prompt", story.prompt], ["Caption", story.caption]].filter(([, said]) => said);
    $("words").replaceChildren(...words.flatMap(([name, said]) => [make("dt", name), make("dd", said)]));
    if (!words.length) $("words").replaceChildren(make("dd", "None.", "quiet"));
    $("reports-part").hidden = !story.report_list.length;
    $("reports").replaceChildren(...story.report_list.map((each) => make("li",
      `${each.reason} · ${each.anonymous ? "without account" : "with account"} · ${moment(each.reported_at)}${each.text ? ` · “${each.text}”` : ""}`)));
    $("appeal-part").hidden = !story.appeal;
    $("appeal").textContent = story.appeal ? story.appeal.text : "";
    $("decisions-part").hidden = !story.decisions.length;
    $("decisions").replaceChildren(...story.decisions.map((each) => make("li",
      `${each.decision} · ${moment(each.at)}${each.categories.length ? ` · ${each.categories.join(", ")}` : ""} · ${each.reason}`)));
    $("scores").replaceChildren(...story.verdicts.flatMap((verdict) => verdict.findings.map((each) => {
      const row = make("tr", undefined, each.fired && verdict.verdict !== "allow" ? "fired" : "");
      for (const cell of [verdict.gate, each.row, percent(each.confidence), percent(each.review_at), percent(each.reject_at), verdict.verdict]) row.append(make("td", cell));
      return row;
    })));
    if (!$("scores").children.length) {
      const row = make("tr"), cell = make("td", "No provider found anything.", "quiet");
      cell.colSpan = 6; row.append(cell); $("scores").append(row);
    }
    if (!again) showChoices();
    document.title = `${KIND[story.kind]} · Review · Enliven`;
  }

  function rules() {
    const decisive = story.verdicts.filter((each) => each.attempt === story.attempt && each.verdict !== "allow");
    const found = decisive.flatMap((verdict) => verdict.findings.filter((each) => each.fired).map((each) => {
      const rule = make("div", undefined, "rule");
      rule.append(make("code", each.row), make("div",
        `${percent(each.confidence)}: ${limits(each)}; verdict ${verdict.verdict}, policy ${verdict.policy}`, "quiet"));
      return rule;
    }));
    const told = decisive.filter((verdict) => !verdict.findings.some((each) => each.fired)).map((verdict) => {
      const rule = make("div", undefined, "rule");
      rule.append(make("code", `${verdict.gate}/${verdict.reasons.map((each) => each.code).join(", ")}`), make("div", `verdict ${verdict.verdict}, policy ${verdict.policy}`, "quiet"));
      return rule;
    });
    const all = [...found, ...told];
    return all.length ? all : [make("p", story.kind === "held" ? "No finding is named." : "No gate: every gate had allowed it.", "quiet")];
  }

  function mine() { return story && story.claimed_until && Date.parse(story.claimed_until) > Date.now() && story.claimed_by === subject(); }
  function subject() { return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub; }

  function showClaim() {
    const held = mine();
    $("claim").disabled = Boolean(story.conflict);
    $("release").disabled = !held;
    $("lease").textContent = held ? `yours until ${moment(story.claimed_until)}` : story.claimed_by ? "another reviewer has it" : "nobody has it";
    $("send").disabled = !held;
  }

  function showChoices() {
    $("choices").replaceChildren(make("legend", "Decision"), ...story.possible.map((each, index) => {
      const label = make("label"), input = make("input");
      input.type = "radio"; input.name = "decision"; input.value = each; input.required = true;
      input.addEventListener("change", showCategories);
      label.append(input, make("kbd", String(index + 1)), EFFECT[each]);
      return label;
    }));
    showCategories();
  }

  function chosen() { const found = document.querySelector("input[name=decision]:checked"); return found && found.value; }

  function showCategories() {
    const decision = chosen();
    const aside = ["allow", "overturn"].includes(decision);
    const offered = aside ? story.fired : decision === "remove" ? settings.removeFor : [];
    const reported = new Set(story.report_list.map((each) => each.reason));
    $("categories").hidden = !offered.length;
    $("categories").replaceChildren(make("legend", aside ? "Set aside (these decide nothing any more)" : "It breaks the rules because of"), ...offered.map((each) => {
      const label = make("label"), input = make("input");
      input.type = "checkbox"; input.value = each; input.checked = aside || reported.has(each);
      label.append(input, each);
      return label;
    }));
  }

  /* Acts ---------------------------------------------------------------------------------------*/

  async function act(what) {
    if (!story) return;
    const told = await api("POST", `reviews/${story.id}/${what}`);
    story = { ...story, claimed_by: told.claimed_by, claimed_until: told.claimed_until };
    queue[at] = { ...queue[at], claimed_by: told.claimed_by };
    showClaim(); showQueue();
    say(what === "claim" ? "Claimed for 15 minutes." : "Released.");
  }

  async function decide() {
    const decision = chosen(), reason = $("reason").value.trim();
    if (!story) return;
    if (!decision) { say("Choose a decision first.", true); return; }
    if (!reason) { say("A reason is required.", true); $("reason").focus(); return; }
    const categories = [...$("categories").querySelectorAll("input:checked")].map((each) => each.value);
    if (["allow", "overturn"].includes(decision) && story.fired.length && !categories.length) {
      say("Set at least one finding aside, or it would be decided the same again.", true); return;
    }
    const told = await api("POST", `reviews/${story.id}/decide`, { decision, reason, categories });
    story = null;
    $("opened").hidden = true; $("hint").hidden = false;
    $("story-title").textContent = "Choose a story";
    $("large").replaceChildren();
    await loadQueue();
    say(`Decided: ${told.decision}. The story is ${told.status}. ${queue.length} wait.`);
    $("list").focus();
  }

  /* Keys ---------------------------------------------------------------------------------------*/

  const KEYS = {
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    Enter: () => trying(open), g: () => trying(() => loadQueue()),
    c: () => trying(() => act("claim")), r: () => trying(() => act("release")),
    ArrowLeft: () => select(-1), ArrowRight: () => select(1),
    v: () => { if (story) { veil(shot, !shown.has(shot)); showEvidence(); } },
    a: () => { if (story) { const clear = shown.size < story.evidence.length; story.evidence.forEach((_, index) => veil(index, clear)); showEvidence(); } },
    " ": () => { const video = $("large").querySelector("video"); if (video) { if (video.paused) trying(() => video.play()); else video.pause(); } },
    m: () => { const video = $("large").querySelector("video"); if (video) { video.muted = !video.muted; say(video.muted ? "Muted." : "Sound on."); } },
    e: () => { if (story) $("reason").focus(); },
    "?": () => $("help").showModal(),
  };
  function select(by) {
    if (!story || !story.evidence.length) return;
    shot = Math.min(story.evidence.length - 1, Math.max(0, shot + by));
    showEvidence();
  }
  function choose(number) {
    const inputs = [...document.querySelectorAll("input[name=decision]")];
    if (!inputs[number - 1]) return;
    inputs[number - 1].checked = true; inputs[number - 1].focus();
    showCategories();
  }
  document.addEventListener("keydown", (event) => {
    if (!token || $("help").open) return;
    if (event.ctrlKey && event.key === "Enter") { event.preventDefault(); trying(decide); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])");
    if (writing) { if (event.key === "Escape") { event.target.blur(); $("story").focus(); } return; }
    /* Buttons, boxes and the player keep the keys that they know. */
    if (["Enter", " "].includes(event.key) && event.target.matches("button, input, video, summary")) return;
    if (event.key.startsWith("Arrow") && event.target.matches("input, video")) return;
    if (/^[1-9]$/.test(event.key) && story) { event.preventDefault(); choose(Number(event.key)); return; }
    const does = KEYS[event.key];
    if (does) { event.preventDefault(); does(); }
  });

  $("sign-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    say("Signing in …");
    const password = $("password").value;
    $("password").value = "";
    trying(() => signIn($("user").value, password));
  });
  $("decide").addEventListener("submit", (event) => { event.preventDefault(); trying(decide); });
  $("claim").addEventListener("click", () => trying(() => act("claim")));
  $("release").addEventListener("click", () => trying(() => act("release")));
  $("more").addEventListener("click", () => trying(() => loadQueue(true)));
  $("help-open").addEventListener("click", () => $("help").showModal());
  $("sign-out").addEventListener("click", signOut);
  setInterval(() => { if (story) showClaim(); }, 15000);
  signOut();
})();
