/** A lesson: an example's jobs, the words around them, and a picture that grows with what comes back. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Example, Rows } from '../../examples/example.ts';

/** How much work a run is; what that means is said by each lesson. */
export interface Size {
  readonly name: string;
  readonly words: string;
}

/** What a lesson says, and how a run of it looks. `State` is what its picture shows, `Answer` what its example gives. */
export interface LessonSpec<State, Answer> {
  readonly id: string;
  readonly title: string;
  /** Sentences for pupils: what happens here. */
  readonly about: readonly string[];
  readonly tries: readonly string[];
  readonly sizes: readonly Size[];
  example(size: number): Example<Answer>;
  /** What the picture shows before anything came. */
  begin(size: number): State;
  /** A query whose rows the picture needs besides, e.g. as its background; asked first. */
  readonly backdrop?: { sql(size: number): string; take(state: State, rows: Rows): State };
  /** A relation before the last one, with the same rows in no order: then they come before the last one is done. */
  readonly result?: string;
  /** All rows of the job that runs, as far as they have come. */
  takeRows?(state: State, rows: Rows, size: number): State;
  /** Of an example with several jobs: what is known after each. */
  takeStep?(state: State, step: unknown): State;
  takeAnswer(state: State, answer: Answer): State;
  /** The answer so far in one line. */
  say(state: State): string;
  Picture(props: { readonly state: State }): VNode;
}

/** One run, with the types of its lesson closed over. */
export interface Session {
  readonly example: Example<unknown>;
  readonly backdropSql: string | undefined;
  readonly result: string | undefined;
  takeBackdrop(rows: Rows): void;
  /** undefined: the lesson's rows say nothing before the last one. */
  readonly takeRows: ((rows: Rows) => void) | undefined;
  takeStep(step: unknown): void;
  takeAnswer(answer: unknown): void;
  readonly said: ReadonlySignal<string>;
  Picture(): VNode;
}

export interface Lesson extends Pick<LessonSpec<unknown, unknown>, 'id' | 'title' | 'about' | 'tries' | 'sizes'> {
  session(size: number): Session;
}

export function lesson<State, Answer>(spec: LessonSpec<State, Answer>): Lesson {
  const { id, title, about, tries, sizes, backdrop } = spec;
  const session = (size: number): Session => {
    const state = signal(spec.begin(size));
    const said = signal('');
    // Rows may come a thousand times a second; the picture is drawn once a frame.
    let latest = state.value;
    let frame: number | undefined;
    const publish = (): void => {
      if (frame !== undefined) cancelAnimationFrame(frame);
      frame = undefined;
      state.value = latest;
      said.value = spec.say(latest);
    };
    const set = (next: State): void => {
      latest = next;
      frame ??= requestAnimationFrame(publish);
    };
    const example = spec.example(size);
    const takeRows = spec.takeRows?.bind(spec);
    return {
      example,
      backdropSql: backdrop?.sql(size),
      result: spec.result,
      takeBackdrop: (rows) => {
        if (backdrop) set(backdrop.take(latest, rows));
      },
      takeRows: takeRows && ((rows) => set(takeRows(latest, rows, size))),
      takeStep: (step) => {
        if (spec.takeStep) set(spec.takeStep(latest, step));
      },
      takeAnswer: (answer) => {
        // What comes here is what `example` gave.
        latest = spec.takeAnswer(latest, answer as Answer);
        publish();
      },
      said,
      Picture: () => spec.Picture({ state: state.value }),
    };
  };
  return { id, title, about, tries, sizes, session };
}
