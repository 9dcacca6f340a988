/** Pointers of a loop nest: one local for all accesses of a binding that move alike, bumped by constants. */
import { dtypes } from '../../../dtype/dtype.ts';
import type { LoopInstruction } from '../../../kernel/spec.ts';
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Nest } from './nest.ts';
import type { Place } from './storage.ts';

interface Pointer {
  readonly local: Local;
  /** Bytes (or units of an index) per step along each dimension. */
  readonly steps: readonly number[];
  readonly lowest: number;
}

/** Immediates are unsigned 32-bit numbers; accesses further apart than this get pointers of their own. */
const reach = 2 ** 30;

/** The pointers of one kernel. */
export class Addressing {
  readonly #f: FunctionBuilder;
  readonly #pointers = new Map<string, Pointer>();
  readonly #ofStep: (Pointer | undefined)[];
  readonly #units: number[];

  /** `bases` are the addresses of the bindings. */
  constructor(f: FunctionBuilder, nest: Nest, bases: readonly Local[]) {
    this.#f = f;
    const { body, bindings } = nest.spec;
    this.#units = body.map((step) =>
      'access' in step ? dtypes[bindings[step.access.binding]?.dtype ?? 'f32'].bytes : 1,
    );
    const keys = body.map((step, position) => keyOf(step, nest.strides[position] ?? []));
    this.#ofStep = body.map((step, position) => {
      const key = keys[position];
      if (key === undefined) return undefined;
      let pointer = this.#pointers.get(key);
      if (pointer === undefined) {
        const unit = this.#units[position] ?? 1;
        const lowest = Math.min(
          ...body.map((other, i) => (keys[i] === key ? offsetOf(other) : Number.POSITIVE_INFINITY)),
        );
        const base = 'access' in step ? bases[step.access.binding] : undefined;
        const start = i32(lowest * unit);
        const local = f.let(base ? op('i32.add', base, start) : start);
        pointer = {
          local,
          steps: (nest.strides[position] ?? []).map((stride) => stride * unit),
          lowest: lowest * unit,
        };
        this.#pointers.set(key, pointer);
      }
      return pointer;
    });
  }

  /** Where the step at `position` reads or writes at the current indices. */
  place(position: number, step: LoopInstruction): Place {
    const pointer = this.#ofStep[position] as Pointer;
    return { address: pointer.local, offset: offsetOf(step) * (this.#units[position] ?? 1) - pointer.lowest };
  }

  /** Bytes between neighbours along dimension `dim`. */
  step(position: number, dim: number): number {
    return this.#ofStep[position]?.steps[dim] ?? 0;
  }

  /** Moves the pointers of `positions` (all, if absent) by `count` along dimension `dim`. */
  advance(dim: number, count: number | Expression, positions?: readonly number[]): void {
    const pointers = positions ? new Set(positions.map((position) => this.#ofStep[position])) : this.#pointers.values();
    for (const pointer of pointers)
      if (pointer) this.#f.increase(pointer.local, timesStep(count, pointer.steps[dim] ?? 0));
  }
}

function timesStep(count: number | Expression, step: number): number | Expression {
  if (typeof count === 'number') return (step * count) | 0;
  return step === 0 ? 0 : op('i32.mul', count, i32(step | 0));
}

function offsetOf(step: LoopInstruction): number {
  if (step.kind === 'index') return step.offset;
  return 'access' in step ? step.access.offset : 0;
}

function keyOf(step: LoopInstruction, strides: readonly number[]): string | undefined {
  if (step.kind === 'index') return `index ${step.offset} ${strides.join()}`;
  if (!('access' in step)) return undefined;
  return `${step.access.binding} ${Math.floor((step.access.offset * 8) / reach)} ${strides.join()}`;
}
