/** Who asked for the work: hears how it goes, and may stop it. */

/** The wish to stop, visible from every thread. */
export interface Interrupt {
  readonly aborted: boolean;
  /** The memory that worker threads watch: not zero once the wish is there. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  /** Calls back once, when the wish is first there. */
  readonly onAbort: (callback: () => void) => void;
}

/** A piece of work that is under way. */
export interface Bar {
  /** Says how much is done, from 0 to the total, and a word on how it goes. */
  readonly update: (done: number, note?: string) => void;
  /** Ends the bar with a word on what it came to. */
  readonly finish: (note?: string) => void;
}

/** Shows work. */
export interface Progress {
  readonly start: (label: string, total: number) => Bar;
}

/** Where work is asked for. */
export interface Host {
  readonly interrupt: Interrupt;
  readonly progress: Progress;
  /** Takes a line that is said on the way. */
  readonly log: (text: string) => void;
}

/** An interrupt that nobody wishes, until `abort` is called. */
export function createInterrupt(): Interrupt & { readonly abort: () => void } {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const callbacks: (() => void)[] = [];
  return {
    flag,
    get aborted() {
      return Atomics.load(flag, 0) !== 0;
    },
    onAbort: (callback) => void callbacks.push(callback),
    abort: () => {
      if (Atomics.exchange(flag, 0, 1) === 0) for (const callback of callbacks) callback();
    },
  };
}

/** A host that says nothing and never stops the work; what is given takes the place of its own. */
export function quietHost(own: Partial<Host> = {}): Host {
  const bar: Bar = { update: () => undefined, finish: () => undefined };
  return { interrupt: createInterrupt(), progress: { start: () => bar }, log: () => undefined, ...own };
}
