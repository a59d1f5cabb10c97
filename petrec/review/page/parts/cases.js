"use strict";

// The cases as they were exported, and the ones that the filters let through.

const exportedAt = document.body.dataset.exportedAt;
const kinds = JSON.parse(document.getElementById("kinds").textContent);
const cases = document.getElementById("data").textContent.split("\n").filter(Boolean).map(JSON.parse);
const byId = new Map(cases.map((one, place) => [one.recording_id, place]));

function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function fileNameOf(one) {
  const found = one.context.find(([name]) => name === "original_filename");
  return found ? found[1] : one.recording_id;
}

function kindName(kind) {
  return kind.replaceAll("_", " ");
}

const searchTexts = cases.map((one) =>
  folded(
    [
      one.recording_id,
      one.appointment_id || "",
      ...one.context.map(([, text]) => text),
      ...one.candidates.map((candidate) => candidate.name),
    ].join("\n"),
  ),
);

const filter = { text: "", kind: "", show: "all" };
let found = cases.map((_, place) => place);

function isShown(decision) {
  switch (filter.show) {
    case "all":
      return true;
    case "undecided":
      return !decision;
    case "decided":
      return Boolean(decision);
    default:
      return Boolean(decision) && decision.verdict === filter.show;
  }
}

function applyFilter(decisionOf) {
  const words = folded(filter.text).split(/\s+/).filter(Boolean);
  found = [];
  cases.forEach((one, place) => {
    if (filter.kind && one.kind !== filter.kind) return;
    if (!isShown(decisionOf(one.recording_id))) return;
    if (words.every((word) => searchTexts[place].includes(word))) found.push(place);
  });
}
