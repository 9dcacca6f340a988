/**
 * Rows of x as whole numbers of 31 bits, in two planes of i16, so that a product with small codes sums in i32 with
 * `i32x4.dot_i16x8_s`, eight products an instruction.
 *
 * A block of columns shares a scale, the power of two that takes its largest magnitude below 2^30. What is rounded off is at
 * most 2^-31 of that magnitude. That is more than 2^-16 of an element itself only if the element is below 2^-15 of the
 * largest; what such elements lose is added to the product column by column.
 */
import { f32, i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { transpose4 } from '../gemm/pack.ts';
import { roundingKernels } from './rounding.ts';

/** What an element of a row has lost in its planes. */
export interface Lost {
  readonly column: number;
  readonly value: number;
}

/** How planes lie in memory: the columns of a chunk, with `split(x, planes, up, chunks)` → whether elements have lost much. */
export interface PlaneLayout {
  readonly columns: number;
  readonly split: WasmFunction;
}

/** The layouts of one engine. */
export interface PlaneKernels {
  /** Chunks of 8 columns in order. */
  readonly inOrder: PlaneLayout;
  /** Chunks of 32 columns, of which every fourth stand together. */
  readonly inFours: PlaneLayout;
  /** The same of blocks of four groups: a chunk is 8 columns of each, and a lane of i32 has those of one group. */
  readonly inGroups: (group: number) => PlaneLayout;
}

const built = new WeakMap<Engine, PlaneKernels>();

/** Compiles the functions once an engine. */
export function planeKernels(engine: Engine): PlaneKernels {
  let kernels = built.get(engine);
  if (kernels === undefined) {
    const { module } = engine.module();
    addSplit(module, 'inOrder', 2, [0], (_, vectors) => vectors);
    addSplit(module, 'inFours', 8, [0], (f, vectors) => inFoursOf(f, vectors.slice(0, 4), vectors.slice(4)));
    addSplit(module, 'inGroups', 8, [0, 1, 2, 3], (f, vectors) => {
      const [even, odd] = [0, 1].map((half) => vectors.filter((_, place) => place % 2 === half)) as [Local[], Local[]];
      const columns = inFoursOf(f, even, odd).map((each) => f.let(each));
      return columns.flatMap((own, place) => {
        if (place % 2 === 1) return [];
        const other = columns[place + 1] as Local;
        return [shuffle32(own, other, [0, 4, 1, 5]), shuffle32(own, other, [2, 6, 3, 7])];
      });
    });
    const functions = engine.instantiate(module) as unknown as Record<keyof PlaneKernels, WasmFunction>;
    const { inOrder, inFours, inGroups } = functions;
    kernels = {
      inOrder: { columns: 8, split: inOrder },
      inFours: { columns: 32, split: inFours },
      inGroups: (group) => ({
        columns: 32,
        split: (x = 0, planes = 0, up = 0, chunks = 0) => inGroups(x, planes, up, chunks, group * 4),
      }),
    };
    built.set(engine, kernels);
  }
  return kernels;
}

/** The columns of two blocks of 4 by 4 in turns. */
function inFoursOf(f: FunctionBuilder, first: readonly Local[], second: readonly Local[]): Expression[] {
  const others = transpose4(f, second);
  return transpose4(f, first).flatMap((column, place) => [column, others[place] as Expression]);
}

/** Scaled elements below this have lost too much. */
const least = 2 ** 15;
/** Largest magnitudes of blocks for which every scale and product of scales is a normal number. */
const [smallestBlock, largestBlock] = [2 ** -90, 2 ** 90];

/**
 * Splits a row into planes, with a scale for each block of columns; `scaled(block, scale)` is told them. Returns what
 * elements have lost, or undefined if the row has more of them than `most`, or numbers for which there are no planes.
 */
export function splitRow(
  engine: Engine,
  { columns: chunk, split }: PlaneLayout,
  { x, count, block, planes, most }: Readonly<Record<'x' | 'count' | 'block' | 'planes' | 'most', number>>,
  scaled: (block: number, scale: number) => void,
): readonly Lost[] | undefined {
  const { largest } = roundingKernels(engine);
  const lost: Lost[] = [];
  for (let column = 0; column < count; column += block) {
    const columns = Math.min(block, count - column);
    const from = x + column * 4;
    const magnitude = largest(from, columns);
    if (magnitude !== 0 && !(magnitude > smallestBlock && magnitude < largestBlock)) return undefined;
    const up = magnitude === 0 ? 1 : 2 ** (29 - exponentOf(magnitude));
    scaled(column / block, 1 / up);
    if (split(from, planes + column * 4, up, columns / chunk) === 0) continue;
    for (const [place, value] of new Float32Array(engine.memory.memory.buffer, from, columns).entries()) {
      if (value === 0 || Math.abs(value * up) >= least) continue;
      if (lost.length === most) return undefined;
      lost.push({ column: column + place, value: value - nearest(value * up) / up });
    }
  }
  return lost;
}

const [number, bits] = ((buffer) => [new Float32Array(buffer), new Int32Array(buffer)] as const)(new ArrayBuffer(4));

/** The exponent of a normal f32: 2^exponent ≤ value. */
function exponentOf(value: number): number {
  number[0] = value;
  return ((bits[0] as number) >> 23) - 127;
}

/** Rounded as `f32x4.nearest` does, for magnitudes below 2^22. */
const nearest = (value: number): number => {
  const shifter = 1.5 * 2 ** 52;
  return value + shifter - shifter;
};

/**
 * Adds `name(x, planes, up, chunks, runStep)`: for each chunk of `vectors` · 4 columns, in the order in which `arrange` puts
 * its whole numbers, 8 upper halves, then their 8 lower halves, which are signed. Returns whether elements have lost much.
 * The columns of a chunk come from as many runs as there are in `runs`, that many times `runStep` bytes from x on.
 */
function addSplit(
  module: ModuleBuilder,
  name: string,
  vectors: number,
  runs: readonly number[],
  arrange: (f: FunctionBuilder, whole: readonly Local[]) => readonly Expression[],
): void {
  const f = module.function(name, ['i32', 'i32', 'f32', 'i32', 'i32'], 'i32', true);
  const [x, planes, up, chunks, runStep] = f.arguments;
  const perRun = vectors / runs.length;
  const pointers = runs.map((run) => f.let(run === 0 ? x : op('i32.add', x, op('i32.mul', runStep, i32(run)))));
  const scale = f.let(op('f32x4.splat', up));
  const small = f.let(op('f32x4.splat', f32(least)));
  const none = f.let(v128([0, 0, 0, 0]));
  const half = f.let(op('i32x4.splat', i32(0x8000)));
  const lost = f.let(none);
  f.repeat(chunks, () => {
    const whole = Array.from({ length: vectors }, (_, vector) => {
      const from = pointers[Math.floor(vector / perRun)] as Local;
      const scaled = f.let(op('f32x4.mul', memoryOp('v128.load', (vector % perRun) * 16, [from]), scale));
      const isSmall = op('f32x4.lt', op('f32x4.abs', scaled), small);
      f.set(lost, op('v128.or', lost, op('v128.andnot', isSmall, op('f32x4.eq', scaled, none))));
      return f.let(op('i32x4.trunc_sat_f32x4_s', op('f32x4.nearest', scaled)));
    });
    const arranged = arrange(f, whole).map((each) => f.let(each));
    for (let pair = 0; pair < vectors; pair += 2) {
      const two = arranged.slice(pair, pair + 2) as [Local, Local];
      const upper = two.map((each) => f.let(op('i32x4.shr_s', op('i32x4.add', each, half), i32(16)))) as [Local, Local];
      const lower = two.map((each, index) =>
        op('i32x4.sub', each, op('i32x4.shl', upper[index] as Local, i32(16))),
      ) as [Expression, Expression];
      f.store('v128.store', planes, op('i16x8.narrow_i32x4_s', ...upper), pair * 16);
      f.store('v128.store', planes, op('i16x8.narrow_i32x4_s', ...lower), pair * 16 + 16);
    }
    for (const pointer of pointers) f.increase(pointer, perRun * 16);
    f.increase(planes, vectors * 16);
  });
  f.return(op('v128.any_true', lost));
}
