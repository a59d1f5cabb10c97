// What the page's script works with. The export writes cases and facts; the rest lives in the browser.

interface Suggestion {
  strength: string;
  reason: string;
}

interface Candidate {
  name: string;
  details: string;
  verdict: string;
  pet_id: string;
  appointment_id: string | null;
  suggestions: Suggestion[];
}

interface Kase {
  recording_id: string;
  kind: string;
  state: string;
  pet_id: string | null;
  appointment_id: string | null;
  /** What a pet outside the candidates would be; null where no other pet may be named. */
  open: string | null;
  context: [name: string, text: string | null][];
  candidates: Candidate[];
  audio: string | null;
  searchText?: string;
}

/** A row of pets, to be searched. */
interface Pet {
  id: string;
  name: string;
  details: string;
  searchText: string;
}

interface Facts {
  title: string;
  exported_at: string;
  kinds: Record<string, string>;
  names: Record<string, string>;
  timezone: string;
  link: string;
  /** Null in a file. */
  served: ServedFacts | null;
  /** When the links to the sound expire; empty where there are none. */
  audio_until: string;
}

interface Choice {
  verdict: string | null;
  pet_id?: string | null;
  appointment_id?: string | null;
}

interface Entry extends Choice {
  note?: string;
  reviewer?: string;
  time?: number;
  /** The run that has recorded it at the server, and whether it was made in the page. */
  run?: number;
  mine?: boolean;
}

/** What of a case a decision needs. */
interface Decided {
  recording_id: string;
  kind: string;
  state: string;
}

/** A decision that the database has. */
interface Standing extends Entry {
  verdict: string;
  reviewer: string;
  run: number;
}

/** A decision that waits in this browser; `known` is the run of the decision it replaces, or 0. */
interface Unsent extends Entry {
  kind: string;
  state: string;
  known: number;
  /** The decision that the database has meanwhile. */
  saved: Standing | null;
}

interface ServedFacts {
  place: string;
  last: number;
  decided: Record<string, Standing>;
}

interface Failure {
  problem: string;
  reason: string;
}

interface Answer {
  outcome: "saved" | "undone" | "taken" | "changed" | "refused";
  recording_id: string;
  standing?: Standing;
  case?: Kase;
  reason?: string;
  gone?: boolean;
}

interface News {
  people: { reviewer: string; recording_id: string }[];
  events: { number: number; recording_id: string; standing: Standing | null }[];
  last: number;
  missed: boolean;
}

interface Looked {
  news: News;
  case?: Kase;
  standing?: Standing;
  gone?: boolean;
}

/** A decision as a file holds it; it comes from outside. */
interface Decision extends Entry {
  recording_id: string;
  kind: string;
  state: string;
}

interface Count {
  decided: number;
  total: number;
}

interface Filter {
  words: string[];
  state: string;
  kind: string;
}

interface LoadResult {
  taken: number;
  same: number;
  kept: number;
  foreign: number;
}

interface Act {
  decide(choice: Choice): void;
  choose(number: number): void;
  cannotTell(): void;
  leave(): void;
  note(text: string): void;
  next(): void;
  previous(): void;
  undo(): void;
  clear(): void;
  help(): void;
}

type Attributes = Record<string, string | boolean | null | undefined | (() => void)>;
type Child = Node | string | null | undefined;

/** Elements of the template that are more than an HTMLElement. */
interface SpecialElements {
  ask: HTMLDialogElement;
  "ask-form": HTMLFormElement;
  download: HTMLButtonElement;
  file: HTMLInputElement;
  filters: HTMLFormElement;
  manual: HTMLDialogElement;
  name: HTMLInputElement;
  next: HTMLButtonElement;
  previous: HTMLButtonElement;
  progress: HTMLProgressElement;
  sound: HTMLAudioElement;
  search: HTMLInputElement;
  state: HTMLSelectElement;
}

type PlainElements =
  | "back" | "candidates" | "case" | "cases" | "detail" | "done" | "exported" | "facts" | "found" | "help" | "kept" | "kinds"
  | "last" | "last-text" | "list" | "live" | "load" | "notice" | "pets" | "place" | "play-key" | "reviewer" | "rows"
  | "saved" | "total" | "trouble" | "undo";

interface ById {
  <Id extends keyof SpecialElements>(id: Id): SpecialElements[Id];
  (id: PlainElements): HTMLElement;
  (id: string): HTMLElement | null;
}
