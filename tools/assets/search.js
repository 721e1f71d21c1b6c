// The search of the site. passages.js defines PASSAGES: {page, title, anchor, heading, text} each.
const box = document.querySelector("input[type=search]");
const list = document.querySelector("#found"), message = document.querySelector("#message");
const lower = text => text.toLowerCase();

// 0 unless every word occurs; a word in the heading counts as much as five in the text.
function score(passage, words) {
  const heading = lower(passage.heading), text = lower(passage.text);
  if (!words.every(word => heading.includes(word) || text.includes(word))) return 0;
  return words.reduce((sum, word) =>
    sum + 5 * heading.includes(word) + text.split(word).length - 1, 0);
}

function entry(passage, words) {
  const item = document.createElement("li"), link = document.createElement("a");
  const excerpt = document.createElement("div");
  link.href = passage.page + (passage.anchor ? "#" + passage.anchor : "");
  const heading = passage.heading && passage.heading !== passage.title ? ": " + passage.heading : "";
  link.textContent = passage.title + heading;
  const places = words.map(word => lower(passage.text).indexOf(word)).filter(place => place >= 0);
  const start = Math.max(0, Math.min(...places, Infinity) - 80);
  const from = Number.isFinite(start) ? start : 0;  // all words may be in the heading
  excerpt.className = "soft";
  excerpt.textContent = (from ? "… " : "") + passage.text.slice(from, from + 220) + " …";
  item.append(link, excerpt);
  return item;
}

function search() {
  const words = lower(box.value).split(/\s+/).filter(word => word.length > 1);
  const hits = words.length ? PASSAGES.map(passage => ({ passage, score: score(passage, words) }))
    .filter(hit => hit.score > 0).sort((a, b) => b.score - a.score).slice(0, 30) : [];
  list.replaceChildren(...hits.map(hit => entry(hit.passage, words)));
  message.textContent = hits.length ? `${hits.length} passages` : words.length ? "Nothing found." : "";
}

box.addEventListener("input", search);
box.value = new URLSearchParams(location.search).get("q") || "";
search();
