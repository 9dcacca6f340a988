/** What is known by name, so that JSON can name it: the open tables of this package, in the idiom of those of `@espalier/nn`. */
import { Registry as Table } from '@espalier/nn';
import { anObject, aText, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { UsageError } from './errors.ts';
import { suggestion } from './text/did-you-mean.ts';

/** What a table holds. */
export interface Named {
  readonly name: string;
}

/** What has a name, and certain parts beside it: each with the test that it holds. */
export function namedRule<T extends Named>(
  is: string,
  parts: { readonly [Part in keyof T]?: (value: unknown) => boolean },
): Rule<T> {
  return ruleOf<T>(
    is,
    (value) =>
      anObject.holds(value) &&
      aText.holds(value['name']) &&
      Object.entries<((value: unknown) => boolean) | undefined>(parts).every(([part, holds]) => holds?.(value[part])),
  );
}

/** A table of one kind of thing. */
export interface Registry<Entry extends Named> {
  /**
   * Makes a thing known.
   * @throws {ConfigError} saying the operation, if its name is taken by another one.
   */
  readonly register: (operation: string, entry: Entry) => void;
  /** @throws {UsageError} that names those that are known. */
  readonly named: (name: string) => Entry;
  /** Those known, sorted. */
  readonly names: () => string[];
}

/** A table of one kind of thing, such as `stage`, with those that are known from the start. */
export function createRegistry<Entry extends Named>(kind: string, builtIn: readonly Entry[] = []): Registry<Entry> {
  const table = new Table<Entry>(kind, ({ name }) => name, builtIn);
  const names = (): string[] => table.names.toSorted();
  return {
    names,
    register: (operation, entry) => table.register(operation, entry),
    named: (name) => {
      const entry = table.get(name);
      if (entry !== undefined) return entry;
      throw new UsageError(`there is no ${kind} '${name}': ${suggestion(name, names())}`);
    },
  };
}
