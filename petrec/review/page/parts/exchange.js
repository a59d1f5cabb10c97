// Decisions out to a file and in from one.

function download() {
  if (!state.reviewer) {
    at("reviewer").focus();
    announce("Write your name first: the file says who decided.");
    at("saved").textContent = "Write your name first: the file says who decided.";
    return;
  }
  const content = {
    petrec_review: 1,
    reviewer: state.reviewer,
    exported_at: exportedAt,
    decisions: decisionsToSend(),
  };
  const blob = new Blob([JSON.stringify(content, null, 1)], { type: "application/json" });
  const who = state.reviewer.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40);
  const name = `decisions-${who}-${new Date().toISOString().slice(0, 10)}.json`;
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
  state.downloaded = true;
  save();
  drawProgress();
  announce(`${content.decisions.length} decisions downloaded as ${name}`);
}

async function load(file) {
  let read;
  try {
    read = JSON.parse(await file.text());
    if (read.petrec_review !== 1 || !Array.isArray(read.decisions)) throw new Error();
  } catch {
    announce(`${file.name} is no file of decisions`);
    at("saved").textContent = `${file.name} is no file of decisions.`;
    return;
  }
  const taken = read.decisions.filter(take).length;
  save();
  refresh();
  const passed = read.decisions.length - taken;
  const text = `${taken} decisions loaded` + (passed ? `, ${passed} are about other cases` : "");
  announce(text);
  at("saved").textContent = `${text}.`;
}

function take(decision) {
  const one = cases[byId.get(decision.recording_id)];
  if (!one || one.state !== decision.state) return false;
  const { verdict, pet_id = null, appointment_id = null, note } = decision;
  decide(one, verdict, pet_id, appointment_id);
  if (note) state.notes[one.recording_id] = note;
  return true;
}
