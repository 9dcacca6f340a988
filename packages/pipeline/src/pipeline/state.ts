/** What a run has behind it, so that it can go on after it was stopped. */

/** The stages of a run that are done. */
export interface RunState {
  /**
   * Gives what a stage came to: what is kept when it is done under the same key, else what doing it gives. A key stands for
   * all that the outcome depends on.
   */
  stage<Output>(name: string, run: () => Promise<Output>, key?: string): Promise<Output>;
  /** Seconds that each stage took. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** What a stage came to, as it is kept. */
export interface StageDone {
  readonly seconds: number;
  readonly output: unknown;
  readonly key?: string;
}

/** Milliseconds since any moment. */
function now(): number {
  const host = globalThis as { readonly performance?: { readonly now: () => number } };
  return host.performance?.now() ?? Date.now();
}

/** The state of a run that has some stages behind it; `save` keeps them whenever there is one more. */
export function createRunState(
  done: Map<string, StageDone> = new Map(),
  save: () => Promise<void> = async () => undefined,
): RunState {
  return {
    stage: async <Output>(name: string, run: () => Promise<Output>, key?: string) => {
      const known = done.get(name);
      if (known !== undefined && known.key === key) return known.output as Output;
      const began = now();
      const output = await run();
      const seconds = (now() - began) / 1000;
      done.set(name, { seconds, output, ...(key === undefined ? {} : { key }) });
      await save();
      return output;
    },
    get seconds() {
      return Object.fromEntries([...done].map(([name, { seconds }]) => [name, seconds]));
    },
  };
}
