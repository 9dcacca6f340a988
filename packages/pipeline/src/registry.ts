/** What is known by name, so that JSON can name it: the idiom of every open table of this package. */
import { UsageError } from './errors.ts';
import { suggestion } from './text/did-you-mean.ts';

/** What a table holds. */
export interface Named {
  readonly name: string;
}

/** A table of one kind of thing. */
export interface Registry<Entry extends Named> {
  /** Makes a thing known. @throws UsageError if its name is taken by another one. */
  readonly register: (entry: Entry) => void;
  /** @throws UsageError that names those that are known. */
  readonly named: (name: string) => Entry;
  /** Those known, sorted. */
  readonly names: () => string[];
}

/** A table of one kind of thing, such as `stage`, with those that are known from the start. */
export function createRegistry<Entry extends Named>(kind: string, builtIn: readonly Entry[] = []): Registry<Entry> {
  const entries = new Map(builtIn.map((entry) => [entry.name, entry]));
  const names = (): string[] => [...entries.keys()].toSorted();
  return {
    names,
    register: (entry) => {
      const known = entries.get(entry.name);
      if (known !== undefined && known !== entry) {
        throw new UsageError(`the ${kind} '${entry.name}' is known already: choose another name`);
      }
      entries.set(entry.name, entry);
    },
    named: (name) => {
      const entry = entries.get(name);
      if (entry !== undefined) return entry;
      throw new UsageError(`there is no ${kind} '${name}': ${suggestion(name, names())}`);
    },
  };
}
