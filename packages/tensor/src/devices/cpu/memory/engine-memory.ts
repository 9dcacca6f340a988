/** What generated code needs to know of the memory it is for. */
import { InternalError } from '../../../errors.ts';
import { v128, type Expression } from '../assembler/expression.ts';
import type { MemoryLimits } from '../assembler/module-builder.ts';
import type { Table } from '../program/program.ts';

/** Vectors with a constant in all lanes, and tables that lie in memory. */
export interface EngineMemory {
  readonly limits: MemoryLimits;
  splatF32(value: number): Expression;
  splatF64(value: number): Expression;
  splatI32(value: number): Expression;
  /** Whether tables can be kept. */
  readonly hasTables: boolean;
  /** Puts numbers into memory, for as long as something has hold of the result. */
  keepTable(values: Int32Array, operation: string): Table;
}

/** The 32-bit words of an f32. */
export const wordsOfF32 = (value: number): number => new Int32Array(new Float32Array([value]).buffer)[0] ?? 0;

/** The 32-bit words of an f64, the lower one first. */
export const wordsOfF64 = (value: number): readonly [number, number] => {
  const [low = 0, high = 0] = new Int32Array(new Float64Array([value]).buffer);
  return [low, high];
};

/** A memory that belongs to somebody else: constants are written into the code. */
export class ForeignMemory implements EngineMemory {
  readonly limits: MemoryLimits;
  readonly hasTables = false;

  constructor(limits: MemoryLimits) {
    this.limits = limits;
  }

  splatF32(value: number): Expression {
    return this.splatI32(wordsOfF32(value));
  }

  splatF64(value: number): Expression {
    const [low, high] = wordsOfF64(value);
    return v128([low, high, low, high]);
  }

  splatI32(value: number): Expression {
    return v128([value, value, value, value]);
  }

  keepTable(): Table {
    throw new InternalError('cpu', 'tables are made where memory is managed');
  }
}
