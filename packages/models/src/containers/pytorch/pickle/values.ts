/** What a pickle stands for, as plain data: nothing in it was ever called. */

/** A value of a pickle. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleFloat
  | PickleBytes
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleSet
  | PickleGlobal
  | PickleObject
  | PickleReference;

/** A float of Python, which stays one where its value is whole. */
export class PickleFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Bytes of Python. */
export class PickleBytes {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A tuple. */
export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** What all that hold nothing have: a byte of a file makes an empty list, and a megabyte a million of them. */
const none: readonly PickleValue[] = [];
const noEntries: ReadonlyMap<PickleValue, PickleValue> = new Map();

/** What has items. */
abstract class WithItems {
  #items: PickleValue[] | undefined;

  get items(): readonly PickleValue[] {
    return this.#items ?? none;
  }

  /** Puts one more item in. */
  push(item: PickleValue): void {
    (this.#items ??= []).push(item);
  }
}

/** A list. */
export class PickleList extends WithItems {}

/** A set, as pickles of protocol 4 have it. */
export class PickleSet extends WithItems {}

/** A dict. Keys that are no texts or numbers are told apart by what they are, not by what they hold. */
export class PickleDict {
  #entries: Map<PickleValue, PickleValue> | undefined;

  get entries(): ReadonlyMap<PickleValue, PickleValue> {
    return this.#entries ?? noEntries;
  }

  /** Puts an entry in. */
  set(key: PickleValue, value: PickleValue): void {
    (this.#entries ??= new Map<PickleValue, PickleValue>()).set(key, value);
  }
}

/** The name of a class or a function. */
export class PickleGlobal {
  /** With its module: `collections.OrderedDict`. */
  readonly name: string;
  readonly module: string;

  constructor(module: string, own: string) {
    this.module = module;
    this.name = `${module}.${own}`;
  }

  /** Without its module. */
  get own(): string {
    return this.name.slice(this.module.length + 1);
  }
}

/** What a class or a function would have made of arguments, and what would have been put into it afterwards: items, where it is a list. */
export class PickleObject extends WithItems {
  /** Whether it is called, or made without being called. */
  readonly how: 'call' | 'new';
  readonly of: PickleGlobal;
  readonly args: PickleTuple;
  /** Its attributes. */
  state: PickleValue | undefined;
  #entries: Map<PickleValue, PickleValue> | undefined;

  constructor(how: 'call' | 'new', of: PickleGlobal, args: PickleTuple) {
    super();
    this.how = how;
    this.of = of;
    this.args = args;
  }

  /** Its entries, where it is a dict. */
  get entries(): PickleDict['entries'] {
    return this.#entries ?? noEntries;
  }

  /** Puts an entry in, where it is a dict. */
  set(key: PickleValue, value: PickleValue): void {
    (this.#entries ??= new Map<PickleValue, PickleValue>()).set(key, value);
  }
}

/** What lies outside of the pickle, by what names it: a storage. */
export class PickleReference {
  readonly id: PickleValue;

  constructor(id: PickleValue) {
    this.id = id;
  }
}

/** The entries of a dict of either kind; undefined of anything else. */
export function entriesOf(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (value instanceof PickleDict) return value.entries;
  return value instanceof PickleObject && value.of.name === 'collections.OrderedDict' ? value.entries : undefined;
}

/** The items of a list or tuple; undefined of anything else. */
export function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return value instanceof PickleList || value instanceof PickleTuple ? value.items : undefined;
}

/** A number of either kind; undefined of anything else. */
export function numberOf(value: PickleValue | undefined): number | undefined {
  if (value instanceof PickleFloat) return value.value;
  return typeof value === 'number' ? value : undefined;
}
