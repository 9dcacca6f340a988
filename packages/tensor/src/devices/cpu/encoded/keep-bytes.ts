/** Tables of bytes that functions of an engine read. */
import type { Engine } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';

const tablesOf = onceAnEngine((): object[] => []);

/** Puts bytes, a multiple of 4 of them, into memory, as long as there is an engine. */
export function keepBytes(engine: Engine, bytes: Uint8Array<ArrayBuffer>): number {
  const table = engine.memory.keepTable(new Int32Array(bytes.buffer), 'matmul');
  tablesOf(engine).push(table);
  return table.address;
}
