"use strict";
// Browsers that play no data: address (Safari) get the same bytes as a blob.
for (const video of document.querySelectorAll("video[src^='data:']")) {
  const [head, body] = video.src.split(",");
  const bytes = Uint8Array.from(atob(body), (each) => each.charCodeAt(0));
  video.src = URL.createObjectURL(new Blob([bytes], { type: head.slice(5).split(";")[0] }));
}
const button = document.getElementById("theme");
const root = document.documentElement;
const dark = () =>
  (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const label = () => (button.textContent = dark() ? "Light" : "Dark");
button.hidden = false;
button.addEventListener("click", () => {
  root.style.colorScheme = dark() ? "light" : "dark";
  label();
});
label();
// A link to a state opens it.
const open = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener("hashchange", open);
open();
