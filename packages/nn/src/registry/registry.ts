/** What JSON can name: a table for each kind of thing, which code outside may add to. */
import { aFunction, anObject, aText, brief, check, listOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { show } from '../config/fields.ts';

/** Whether a message can show a text as a name. */
const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.trim() === name;

/**
 * The things of one kind that JSON names. Those that are there from the start are given to it where they stand, so that a
 * bundle has them only where something is looked up.
 */
export class Registry<Entry extends object> {
  /** All names, in the order in which they became known. It grows with them. */
  readonly names: readonly string[];
  /** What is in it, in a word or two, for errors: `loss`. */
  readonly kind: string;
  readonly #entries: Map<string, Entry>;
  readonly #nameOf: (entry: Entry) => string;

  constructor(kind: string, nameOf: (entry: Entry) => string, builtIn: readonly Entry[] = []) {
    check('Registry', 'kind', kind, aText);
    check<unknown>('Registry', 'nameOf', nameOf, aFunction);
    check<unknown>('Registry', 'builtIn', builtIn, listOf<object>(anObject));
    this.kind = kind;
    this.#nameOf = nameOf;
    this.#entries = new Map(builtIn.map((entry) => [nameOf(entry), entry]));
    this.names = [...this.#entries.keys()];
  }

  /**
   * Makes an entry known by its name; the same one again changes nothing.
   * @throws {ConfigError} saying the operation, for a name that another entry has.
   */
  register(operation: string, entry: Entry): void {
    check<object>(operation, this.kind, entry, anObject);
    const name = this.#nameOf(entry);
    if (!isName(name))
      throw new ConfigError(
        operation,
        `the name ${show(name)} of a ${this.kind} cannot be told from none; give a text without blanks at its ends`,
      );
    const known = this.#entries.get(name);
    if (known === entry) return;
    if (known)
      throw new ConfigError(
        operation,
        `there is another ${this.kind} of the name '${brief(name)}'; choose one that is free`,
      );
    this.#entries.set(name, entry);
    (this.names as string[]).push(name);
  }

  /** The entry of a name, which may be any value from outside; undefined where there is none. */
  get(name: unknown): Entry | undefined {
    return typeof name === 'string' ? this.#entries.get(name) : undefined;
  }

  /**
   * The entry of a name.
   * @throws {ConfigError} at a place and with the names that there are, where there is none.
   */
  find(place: string, name: unknown): Entry {
    const found = this.get(name);
    if (!found) throw new ConfigError(place, `${show(name)} is no known ${this.kind}; known are ${this.list}`);
    return found;
  }

  /** The names, for messages. */
  get list(): string {
    return this.names.join(', ');
  }
}
