/**
 * The one linear memory of a cpu device. The first page is the device's own (constants); everything above belongs to the
 * allocator. It is shared where the engine allows, so that worker threads can join later.
 */
import { OutOfMemoryError, showBytes } from '../../../errors.ts';
import { memoryOp, i32, v128, type Expression } from '../assembler/expression.ts';
import type { MemoryLimits } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';
import type { Table } from '../program/program.ts';
import { Allocator } from './allocator.ts';
import { wordsOfF32, wordsOfF64, type EngineMemory } from './engine-memory.ts';
import { MemoryViews } from './memory-views.ts';

const pageBytes = 65536;
const maximumPages = 65536;

const constantsAddress = 4096;
const constantsEnd = pageBytes;
/** Grow by at least this many pages, so that start-up does not grow for every tensor. */
const growthPages = 64;

/** Memory, allocator and constant pool of one device. */
export class DeviceMemory implements EngineMemory {
  readonly views: MemoryViews;
  readonly limits: MemoryLimits;
  readonly hasTables = true;
  readonly allocator: Allocator;
  readonly #reclaim: () => number;
  readonly #constants = new Map<string, number>();
  readonly #owned = new FinalizationRegistry<number>((address) => this.allocator.release(address));

  /** `maximumBytes` bounds the memory, at most 4 GiB; `reclaim` is asked for bytes back when it is full. */
  constructor(maximumBytes: number = maximumPages * pageBytes, reclaim: () => number = () => 0) {
    this.#reclaim = reclaim;
    const maximum = Math.max(2, Math.min(maximumPages, Math.floor(maximumBytes / pageBytes)));
    const initial = Math.min(maximum, growthPages);
    const shared = typeof SharedArrayBuffer !== 'undefined';
    this.limits = { initial, maximum, shared };
    const memory = new webAssembly.Memory(this.limits);
    this.views = new MemoryViews(memory);
    let pages = initial;
    this.allocator = new Allocator(pageBytes, initial * pageBytes, (atLeast) => {
      const wanted = Math.ceil(atLeast / pageBytes);
      const added = Math.min(Math.max(wanted, growthPages, pages >> 2), maximum - pages);
      if (added < wanted || added <= 0) return 0;
      try {
        memory.grow(added);
      } catch {
        return 0;
      }
      pages += added;
      return added * pageBytes;
    });
  }

  /**
   * An address with room for `bytes`; `operation` names the caller in the error.
   * @throws {OutOfMemoryError} where there is none, garbage included.
   */
  allocate(bytes: number, operation: string): number {
    const address =
      this.allocator.allocate(bytes) ?? (this.#reclaim() > 0 ? this.allocator.allocate(bytes) : undefined);
    if (address !== undefined) return address;
    const { usedBytes, usedBlocks } = this.allocator;
    throw new OutOfMemoryError(
      operation,
      'memory',
      bytes,
      `${showBytes(usedBytes)} in ${usedBlocks} blocks are alive on the cpu device, whose memory ends at ${showBytes(this.limits.maximum * pageBytes)}`,
    );
  }

  keepTable(values: Int32Array, operation: string): Table {
    const table: Table = { address: this.allocate(values.byteLength, operation) };
    this.views.words.set(values, table.address >>> 2);
    this.#owned.register(table, table.address);
    return table;
  }

  /** A vector with `value` in all four f32 lanes. Read from memory: engines build vector constants from several instructions. */
  splatF32(value: number): Expression {
    const bits = wordsOfF32(value);
    const address = this.#constant(`f32:${bits}`, [bits]);
    return address === undefined ? v128([bits, bits, bits, bits]) : memoryOp('v128.load32_splat', address, [i32(0)]);
  }

  /** A vector with `value` in both f64 lanes. */
  splatF64(value: number): Expression {
    const [low, high] = wordsOfF64(value);
    const address = this.#constant(`f64:${low}:${high}`, [low, high]);
    return address === undefined ? v128([low, high, low, high]) : memoryOp('v128.load64_splat', address, [i32(0)]);
  }

  /** A vector with the integer `value` in all four lanes. */
  splatI32(value: number): Expression {
    const bits = value | 0;
    const address = this.#constant(`f32:${bits}`, [bits]);
    return address === undefined ? v128([bits, bits, bits, bits]) : memoryOp('v128.load32_splat', address, [i32(0)]);
  }

  #nextConstant = constantsAddress;

  #constant(key: string, words: readonly number[]): number | undefined {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const address = this.#nextConstant;
    if (address + 8 > constantsEnd) return undefined;
    this.#nextConstant += 8;
    this.views.words.set(words, address >> 2);
    this.#constants.set(key, address);
    return address;
  }
}
