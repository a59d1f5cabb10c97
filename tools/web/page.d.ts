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

interface Facts {
  title: string;
  exported_at: string;
  kinds: Record<string, string>;
  timezone: string;
  link: string;
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
  | "back" | "candidates" | "case" | "cases" | "detail" | "done" | "exported" | "facts" | "found" | "help" | "kinds"
  | "last" | "last-text" | "list" | "live" | "load" | "notice" | "place" | "play-key" | "reviewer" | "rows"
  | "saved" | "total" | "undo";

interface ById {
  <Id extends keyof SpecialElements>(id: Id): SpecialElements[Id];
  (id: PlainElements): HTMLElement;
  (id: string): HTMLElement | null;
}
