/** The machine that pickles are programs of: a stack, marks, a memo, and nothing that could be executed. */
import { FormatError } from '@espalier/nn';
import { PickleGlobal, type PickleValue } from './values.ts';

/** Names what a pickle may speak of, or throws. */
export type GlobalRule = (global: PickleGlobal, refuse: (problem: string) => never) => PickleValue;

/** The state of a pickle that is being read. */
export class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #source: string;
  /** Where in the file the bytes begin. */
  readonly #base: number;
  readonly #allow: GlobalRule;
  readonly #marks: number[] = [];
  readonly #stack: PickleValue[] = [];
  readonly memo: Map<number, PickleValue> = new Map<number, PickleValue>();
  /** Where the instruction that is being carried out begins, and the next byte is. */
  start = 0;
  at = 0;

  constructor(bytes: Uint8Array, source: string, base: number, allow: GlobalRule) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = source;
    this.#base = base;
    this.#allow = allow;
  }

  /** @throws {FormatError} at the instruction. */
  readonly refuse = (problem: string): never => {
    throw new FormatError(this.#source, this.#base + this.start, problem);
  };

  /**
   * The next bytes of the program.
   * @throws {PickleEndError} when there are fewer.
   */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.at)
      throw new PickleEndError(
        this.#source,
        this.#base + this.start,
        `the pickle ends within an instruction that takes ${length} more bytes`,
      );
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** The next bytes as a number, little-endian. */
  number(kind: 'u8' | 'u16' | 'i32' | 'u32' | 'u64'): number {
    const at = this.at;
    this.take({ u8: 1, u16: 2, i32: 4, u32: 4, u64: 8 }[kind]);
    if (kind === 'u8') return this.#view.getUint8(at);
    if (kind === 'u16') return this.#view.getUint16(at, true);
    if (kind === 'i32') return this.#view.getInt32(at, true);
    return kind === 'u32' ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  /** The next eight bytes as a float, big-endian as pickles have it. */
  float(): number {
    const at = this.at;
    this.take(8);
    return this.#view.getFloat64(at);
  }

  /** A line of the program. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) this.take(this.#bytes.length - this.at + 1);
    const bytes = this.take(end - this.at);
    this.at++;
    return String.fromCharCode(...bytes.subarray(0, 400));
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.refuse('the pickle takes a value where there is none');
    return this.#stack.pop() as PickleValue;
  }

  /** The value on top, which stays there. */
  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** All values above the last mark. */
  popMarked(): PickleValue[] {
    const mark = this.#marks.pop();
    return mark === undefined
      ? this.refuse('the pickle takes values from a mark where there is none')
      : this.#stack.splice(mark);
  }

  /** A class or function by name, if it is one that may be spoken of. */
  global(module: string, own: string): PickleValue {
    return this.#allow(new PickleGlobal(module, own), this.refuse);
  }
}

/** A pickle goes on behind the bytes that were read. */
export class PickleEndError extends FormatError {}
