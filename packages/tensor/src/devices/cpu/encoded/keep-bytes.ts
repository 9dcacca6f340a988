/** Tables of bytes that functions of an engine read. */
import type { Engine } from '../engine.ts';

const kept = new WeakMap<Engine, object[]>();

/** Puts bytes, a multiple of 4 of them, into memory, as long as there is an engine. */
export function keepBytes(engine: Engine, bytes: Uint8Array<ArrayBuffer>): number {
  const table = engine.memory.keepTable(new Int32Array(bytes.buffer), 'matmul');
  const tables = kept.get(engine) ?? [];
  kept.set(engine, tables);
  tables.push(table);
  return table.address;
}
