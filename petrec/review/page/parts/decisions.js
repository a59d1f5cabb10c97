// What has been decided: kept in this browser under a name of this export's own.

const storageKey = `petrec-review ${digest()}`;
const state = { reviewer: "", decisions: {}, notes: {}, downloaded: true };
const history = [];
let storageWorks = true;

function digest() {
  const ends = cases.length ? [cases[0].recording_id, cases.at(-1).recording_id] : [];
  const text = [document.title, exportedAt, cases.length, ...ends].join("\n");
  let hash = 0xcbf29ce484222325n;
  for (const unit of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit)) * 0x100000001b3n);
  }
  return hash.toString(16);
}

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) || "{}");
    Object.assign(state, kept);
    state.reviewer ||= localStorage.getItem("petrec-reviewer") || "";
  } catch {
    storageWorks = false;
  }
}

function save() {
  try {
    localStorage.setItem(storageKey, JSON.stringify(state));
    localStorage.setItem("petrec-reviewer", state.reviewer);
    storageWorks = true;
  } catch {
    storageWorks = false;
  }
}

function decisionOf(id) {
  return state.decisions[id];
}

function decide(one, verdict, petId = null, appointmentId = null) {
  history.push([one.recording_id, state.decisions[one.recording_id]]);
  state.decisions[one.recording_id] = { verdict, pet_id: petId, appointment_id: appointmentId };
  state.downloaded = false;
  save();
}

// Returns the id of the case whose decision was taken back.
function undo() {
  const last = history.pop();
  if (!last) return null;
  const [id, before] = last;
  if (before) state.decisions[id] = before;
  else delete state.decisions[id];
  state.downloaded = false;
  save();
  return id;
}

function setNote(id, text) {
  if (text) state.notes[id] = text;
  else delete state.notes[id];
  state.downloaded = false;
  save();
}

function decidedCount(kind = "") {
  return cases.filter((one) => (!kind || one.kind === kind) && decisionOf(one.recording_id)).length;
}

function decisionsToSend() {
  return cases
    .filter((one) => decisionOf(one.recording_id))
    .map((one) => ({
      recording_id: one.recording_id,
      kind: one.kind,
      state: one.state,
      ...decisionOf(one.recording_id),
      reviewer: state.reviewer,
      note: state.notes[one.recording_id] || "",
    }));
}
