// The arguments of one of PyTorch's samples, by name, as the rules read them.
import { isTensor, tensor, type Device, type DType, type Tensor } from '@espalier/tensor';
import { golden, inputElements, numberOf, tensorFrom, type Encoded, type Sample } from './file.ts';

/** Our interface has no words for a call. */
export class Inexpressible extends Error {}

/** PyTorch's dtypes that we have under another name, or in another width. */
const ours: Readonly<Record<string, DType>> = {
  f64: 'f64',
  f32: 'f32',
  f16: 'f16',
  bf16: 'bf16',
  i64: 'i32',
  i32: 'i32',
  i8: 'i8',
  u8: 'u8',
  bool: 'bool',
};

/** Arguments that say how PyTorch computes, not what. */
const without = new Set(['memory_format', 'device', 'requires_grad', 'layout', 'inplace', 'pin_memory']);

type Argument = Tensor | number | string | boolean | null | DTypeWord | Slice | readonly Argument[];

const isList = (encoded: Encoded): encoded is readonly Encoded[] => Array.isArray(encoded);

/** A dtype among the arguments. */
export class DTypeWord {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A range of an index; `whole` is PyTorch's ellipsis. */
export class Slice {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number | undefined;
  readonly whole: boolean;

  constructor(bounds: readonly (number | null)[], whole = false) {
    [this.start, this.stop, this.step] = bounds.map((bound) => bound ?? undefined);
    this.whole = whole;
  }
}

/** One call, with every tensor on one device and every float of one dtype. */
export class Call {
  /** All tensors of the call, in the file's order. */
  readonly tensors: Tensor[] = [];
  /** What floats are. */
  readonly float: DType;
  readonly device: Device;
  readonly #named = new Map<string, Argument>();
  readonly #unread: Set<string>;

  constructor(sample: Sample, names: readonly string[], float: DType, device: Device) {
    this.float = float;
    this.device = device;
    for (const [position, argument] of sample.args.entries())
      this.#named.set(names[position] ?? `argument ${position}`, this.#decode(argument));
    for (const [name, argument] of Object.entries(sample.kwargs ?? {})) this.#named.set(name, this.#decode(argument));
    this.#unread = new Set(
      [...this.#named].flatMap(([name, value]) => (value === null || without.has(name) ? [] : [name])),
    );
  }

  #decode(encoded: Encoded): Argument {
    if (encoded === null || typeof encoded !== 'object') return encoded;
    if (isList(encoded)) return encoded.map((part) => this.#decode(part));
    if ('tensor' in encoded) return this.#tensorAt(encoded.tensor);
    if ('dtype' in encoded) return new DTypeWord(encoded.dtype);
    if ('number' in encoded) return numberOf(encoded.number);
    if ('slice' in encoded) return new Slice(encoded.slice);
    return new Slice([], 'ellipsis' in encoded);
  }

  #tensorAt(index: number): Tensor {
    const of = golden.tensors[index] ?? ['missing', [], []];
    const known = ours[of[0]];
    if (!known) throw new Inexpressible(`there is no dtype ${of[0]}`);
    const dtype = ['f64', 'f32', 'f16', 'bf16'].includes(known) ? this.float : known;
    const made = tensorFrom(inputElements(of), of[1], dtype, this.device);
    const marked = dtype === 'f32' || dtype === 'f64' ? made.requiresGradients() : made;
    this.tensors.push(marked);
    return marked;
  }

  #read(name: string): Argument | undefined {
    this.#unread.delete(name);
    return this.#named.get(name) ?? undefined;
  }

  /** Says that an argument needs no word of ours: what it asks for is what we do. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** Whether an argument is there. */
  has(name: string): boolean {
    return (this.#named.get(name) ?? null) !== null;
  }

  /** The tensor of a name; a number becomes one of no axes. */
  tensor(name = 'input'): Tensor {
    const value = this.#read(name);
    if (isTensor(value)) return value;
    if (typeof value === 'boolean') return tensor(value, { dtype: 'bool', device: this.device });
    if (typeof value === 'number')
      return tensor(value, { dtype: Number.isInteger(value) ? 'i32' : this.float, device: this.device });
    throw new Inexpressible(`${name} is ${typeof value}, where we take a tensor`);
  }

  /** A tensor that may be left out. */
  optionalTensor(name: string): Tensor | undefined {
    return this.has(name) ? this.tensor(name) : undefined;
  }

  /** A tensor, or a number beside one. */
  operand(name = 'other'): Tensor | number | boolean {
    const value = this.#read(name);
    if (isTensor(value) || typeof value === 'number' || typeof value === 'boolean') return value;
    throw new Inexpressible(`${name} is ${typeof value}, where we take a tensor or a number`);
  }

  /** The left operand: a number becomes a tensor like the other side. */
  left(name = 'input', other = 'other'): Tensor {
    const value = this.#read(name);
    if (isTensor(value)) return value;
    const beside = this.#named.get(other);
    if (typeof value !== 'number' && typeof value !== 'boolean') return this.tensor(name);
    if (!isTensor(beside)) return this.tensor(name);
    // As a Python number takes the dtype beside it, unless that cannot hold it.
    const { dtype } = beside;
    const fits = typeof value === 'boolean' || dtype.includes('f') || (Number.isInteger(value) && dtype !== 'bool');
    return tensor(value, { dtype: fits ? dtype : Number.isInteger(value) ? 'i32' : 'f32', device: this.device });
  }

  /** The list of tensors of a name. */
  list(name: string): readonly Tensor[] {
    const value = this.#read(name);
    if (isTensor(value)) return [value];
    if (Array.isArray(value) && value.every(isTensor)) return value;
    throw new Inexpressible(`${name} is no list of tensors`);
  }

  /** A number, or what stands for it where it is left out. */
  number<Fallback = number>(name: string, fallback?: Fallback): number | Fallback {
    const value = this.#read(name) ?? fallback;
    if (isTensor(value)) {
      if (value.dtype === 'bool') throw new Inexpressible(`${name} is a truth value`);
      return value.itemSync();
    }
    if (typeof value === 'boolean') return Number(value);
    return value as number | Fallback;
  }

  /** True, false, or false where it is left out. */
  truth(name: string, fallback = false): boolean {
    return Boolean(this.#read(name) ?? fallback);
  }

  /** A word. */
  word(name: string, fallback: string): string {
    const value = this.#read(name) ?? fallback;
    if (typeof value !== 'string') throw new Inexpressible(`${name} is no word`);
    return value;
  }

  /** Some numbers; one counts as a list of one. Undefined where they are left out. */
  numbers(name: string): number[] | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    if (isTensor(value)) return [...value.dataSync()];
    return (Array.isArray(value) ? value : [value]).map(Number);
  }

  /** The argument as it is. */
  any(name: string): Argument | undefined {
    return this.#read(name);
  }

  /** The dtype of a name as ours; undefined where it is left out. */
  dtype(name = 'dtype'): DType | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const known = value instanceof DTypeWord ? ours[value.name] : undefined;
    if (!known) throw new Inexpressible(`there is no dtype ${value instanceof DTypeWord ? value.name : name}`);
    return known;
  }

  /** Positional arguments from `first` on, flattened: sizes are given as a list or one by one. */
  rest(name: string): number[] {
    const numbers = this.numbers(name) ?? [];
    for (let position = 2; this.#named.has(`argument ${position}`); position++)
      numbers.push(...(this.numbers(`argument ${position}`) ?? []));
    return numbers;
  }

  /** Throws Inexpressible if the rule has left an argument unread. */
  checkRead(): void {
    if (this.#unread.size > 0) throw new Inexpressible(`nothing of ours takes ${[...this.#unread].join(', ')}`);
  }
}
