"use strict";
// Details are unpacked when they are first opened, so that a page of thousands of layers is small and opens at once.
async function fill(details) {
  const packed = details.querySelector(":scope > script");
  if (!packed) return;
  const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
  packed.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const inner = document.createElement("div");
  inner.innerHTML = await new Response(stream).text();
  details.append(inner);
}
for (const details of document.querySelectorAll("details.lazy")) {
  details.addEventListener("toggle", () => { if (details.open) fill(details); });
}
// A link to a point or a layer opens it.
function follow() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus();
  }
}
addEventListener("hashchange", follow);
follow();
// On paper everything that is open on the screen is there; sources are opened, too.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not(.lazy)")) details.open = true;
});
