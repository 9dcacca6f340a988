/** The elements of a linear memory, from JavaScript. */
import { dtypes, type DType, type TypedArray } from '../../../dtype/dtype.ts';
import type { WasmMemory } from '../assembler/web-assembly.ts';

/** Views of all of a memory, made anew only when it has grown: ask again after anything was allocated. */
export class MemoryViews {
  readonly memory: WasmMemory;
  readonly #views = new Map<DType, TypedArray>();
  #words: Int32Array;
  #bytes: Uint8Array;

  constructor(memory: WasmMemory) {
    this.memory = memory;
    this.#words = new Int32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** All of memory as bytes. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.memory.buffer) this.#bytes = new Uint8Array(this.memory.buffer);
    return this.#bytes;
  }

  /** All of memory as 32-bit words. */
  get words(): Int32Array {
    if (this.#words.buffer !== this.memory.buffer) this.#words = new Int32Array(this.memory.buffer);
    return this.#words;
  }

  /** All of memory as elements of a dtype: the one at `address` is number `address / bytes of the dtype`. */
  elements(dtype: DType): TypedArray {
    const known = this.#views.get(dtype);
    const { buffer } = this.memory;
    if (known?.buffer === buffer) return known;
    const { view, bytes } = dtypes[dtype];
    const made = view(buffer, 0, buffer.byteLength / bytes);
    this.#views.set(dtype, made);
    return made;
  }
}
