/** Texts that end a generation, wherever tokens begin and end. */

/** Holds back what may be the beginning of one. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** What of a text may be told, and whether one was met; what is behind is gone. */
  push(text: string): { readonly text: string; readonly stopped: boolean } {
    const all = this.#held + text;
    const [met] = this.#stops
      .map((stop) => ({ from: all.indexOf(stop), length: stop.length }))
      .filter(({ from }) => from >= 0)
      // The one that is whole first, of those the longest: what comes in one piece or character by character is met alike.
      .toSorted((a, b) => a.from + a.length - b.from - b.length || a.from - b.from);
    if (met) {
      this.#held = '';
      return { text: all.slice(0, met.from), stopped: true };
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - held);
    return { text: all.slice(0, all.length - held), stopped: false };
  }

  /** What was held back. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** How many characters at the end of a text are the beginning of a stop. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
