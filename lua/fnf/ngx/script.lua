--- What keeps the status page up to date: one stream of events, every text set as text.
-- SPDX-License-Identifier: MIT

return [[
"use strict";
const runs = document.getElementById("runs"), none = document.getElementById("none");
const link = document.getElementById("link"), blank = document.getElementById("run");
const known = new Map();
for (const card of runs.querySelectorAll("article")) known.set(card.dataset.id, card);

function show(card, run) {
  card.dataset.tone = run.shown.tone;
  for (const node of card.querySelectorAll("[data-field]")) {
    const text = String(run.shown[node.dataset.field]);
    if (node.textContent !== text) node.textContent = text;
  }
  let from = 0;
  for (const rect of card.querySelectorAll("[data-bar]")) {
    const width = run.shown.bar[rect.dataset.bar];
    rect.setAttribute("x", from + "%");
    rect.setAttribute("width", width + "%");
    from += width;
  }
  card.querySelector(".bar").setAttribute("aria-label", run.shown.items);
}

function update(list) {
  const here = new Set();
  list.forEach((run, place) => {
    here.add(run.id);
    let card = known.get(run.id);
    if (!card) {
      card = blank.content.firstElementChild.cloneNode(true);
      card.dataset.id = run.id;
      known.set(run.id, card);
    }
    show(card, run);
    if (runs.children[place] !== card) runs.insertBefore(card, runs.children[place] || null);
  });
  for (const [id, card] of known) if (!here.has(id)) { card.remove(); known.delete(id); }
  none.hidden = list.length > 0;
}

function listen() {
  const source = new EventSource("events");
  source.onopen = () => { link.textContent = "live"; };
  source.onmessage = event => update(JSON.parse(event.data).map_runs);
  source.onerror = () => {
    link.textContent = "connecting again \u2026";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
listen();
]]
