/**
 * Running sums of floats of up to 32 bits, in doubles: along rows four elements at a time, whose own sums do not wait for those
 * before; along another axis of as many columns as a line of the cache holds.
 */
import { dtypes, isFloat, type DType } from '../../dtype/dtype.ts';
import type { Binding, ScanSpec } from '../../kernel/spec.ts';
import { f64, i32, laneOp, op, shuffle32, v128, type Expression, type Local } from './assembler/expression.ts';
import type { FunctionBuilder } from './assembler/function-builder.ts';
import type { ModuleBuilder } from './assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from './engine.ts';
import { Halves } from './loop/halves.ts';
import { loadScalar, loadVector, storeScalar, storeVector, type Place } from './loop/storage.ts';
import { convertVector } from './loop/vector-code.ts';
import type { MathLibrary } from './math/math-library.ts';

/** Whether a scan is one of these. */
export function isRunningSum({ bindings, op: fold, outer, length, inner }: ScanSpec): boolean {
  const narrow = bindings.every(({ dtype }) => isFloat(dtype) && dtype !== 'f64');
  return fold === 'sum' && narrow && outer * length * inner > 0;
}

/** Columns that are gone through together. */
const columnsTogether = 16;

/** The calls of running sums. Units are rows, or groups of columns. */
export function runningSumCalls(spec: ScanSpec, engine: Engine): Calls {
  const { module, library } = engine.module();
  const units = new RunningSums(spec, module, library).generate();
  const { sums } = engine.instantiate(module) as { readonly sums: WasmFunction };
  return () => engine.serve(0, units, () => sums(...engine.part(units), engine.address(0), engine.address(1)));
}

const noSums = v128([0, 0, 0, 0]);

class RunningSums {
  readonly #spec: ScanSpec;
  readonly #f: FunctionBuilder;
  readonly #halves: Halves;
  readonly #from: DType;
  readonly #to: DType;
  /** Where the next elements are read, and written. */
  readonly #input: Local;
  readonly #output: Local;

  constructor(spec: ScanSpec, module: ModuleBuilder, library: MathLibrary) {
    this.#spec = spec;
    [this.#from, this.#to] = spec.bindings.map(({ dtype }: Binding) => dtype) as [DType, DType];
    this.#f = module.function('sums', ['i32', 'i32', 'i32', 'i32'], 'none', true);
    this.#halves = new Halves(this.#f, library);
    this.#input = this.#f.local('i32');
    this.#output = this.#f.local('i32');
  }

  /** Adds `sums(begin, end, input, output)` to the module; how many units there are. */
  generate(): number {
    const { outer, length, inner } = this.#spec;
    const groups = inner === 1 ? 1 : Math.ceil(inner / columnsTogether);
    const [begin, end] = [this.#f.argument(0), this.#f.argument(1)];
    this.#f.repeat(op('i32.sub', end, begin), () => {
      const group = this.#f.let(op('i32.rem_u', begin, i32(groups)));
      const first = op(
        'i32.add',
        op('i32.mul', op('i32.div_u', begin, i32(groups)), i32(length * inner)),
        op('i32.mul', group, i32(columnsTogether)),
      );
      this.#start(this.#f.let(first));
      if (inner === 1 && this.#from === 'f16') this.#halfRow();
      else if (inner === 1) this.#row();
      else this.#group(group, Math.floor(inner / columnsTogether));
      this.#f.increase(begin, 1);
    });
    return outer * groups;
  }

  /** Puts both places at an element. */
  #start(element: Local): void {
    const placed = (base: Local, dtype: DType): Expression =>
      op('i32.add', base, op('i32.mul', element, i32(dtypes[dtype].bytes)));
    this.#f.set(this.#input, placed(this.#f.argument(2), this.#from));
    this.#f.set(this.#output, placed(this.#f.argument(3), this.#to));
  }

  /** Moves both places by so many elements. */
  #advance(elements: number): void {
    this.#f.increase(this.#input, elements * dtypes[this.#from].bytes);
    this.#f.increase(this.#output, elements * dtypes[this.#to].bytes);
  }

  #group(group: Local, whole: number): void {
    const rest = this.#spec.inner % columnsTogether;
    const all = (): void => this.#columns(columnsTogether);
    const last = (): void => {
      for (let column = 0; column < rest;) {
        const lanes = rest - column < 4 ? 1 : 4;
        this.#columns(lanes);
        // Back to the first row, and to the next columns.
        this.#advance(lanes - this.#spec.length * this.#spec.inner);
        column += lanes;
      }
    };
    if (whole === 0) last();
    else if (rest === 0) all();
    else this.#f.if(op('i32.lt_u', group, i32(whole)), all, last);
  }

  /** Neighbouring columns from the first to the last of their rows. */
  #columns(lanes: number): void {
    const { length, inner } = this.#spec;
    const f = this.#f;
    if (lanes === 1) return this.#singly(f.let(f64(0)), length, inner);
    const sums = Array.from({ length: lanes / 2 }, () => f.let(noSums));
    f.repeat(length, () => {
      const wide = convertVector('f32', 'f64', this.#load(lanes));
      for (const [i, sum] of sums.entries()) f.set(sum, op('f64x2.add', sum, wide[i] as Expression));
      this.#store(sums);
      this.#advance(inner);
    });
  }

  /** One element after the other, `apart` from each other. */
  #singly(sum: Local, count: number, apart: number): void {
    const f = this.#f;
    f.repeat(count, () => {
      const x = loadScalar(f, this.#from, this.#at(this.#input), this.#halves);
      f.set(sum, op('f64.add', sum, op('f64.promote_f32', x)));
      const rounded = f.let(op('f32.demote_f64', sum));
      storeScalar(f, this.#to, this.#at(this.#output), rounded, this.#halves);
      this.#advance(apart);
    });
  }

  #row(): void {
    const f = this.#f;
    const { length } = this.#spec;
    const sum = f.let(noSums);
    const behind = (pair: Expression): Expression => shuffle32(noSums, pair, [0, 1, 4, 5]);
    const last = (pair: Expression): Expression => shuffle32(pair, pair, [2, 3, 2, 3]);
    f.repeat(Math.floor(length / 4), () => {
      const pairs = convertVector('f32', 'f64', this.#load(4)).map((pair) => f.let(pair)) as [Local, Local];
      const [low, next] = pairs.map((pair) => f.let(op('f64x2.add', pair, behind(pair)))) as [Local, Local];
      const high = f.let(op('f64x2.add', next, last(low)));
      this.#store([f.let(op('f64x2.add', sum, low)), f.let(op('f64x2.add', sum, high))]);
      f.set(sum, op('f64x2.add', sum, last(high)));
      this.#advance(4);
    });
    if (length % 4 > 0) this.#singly(f.let(laneOp('f64x2.extract_lane', 0, sum)), length % 4, 1);
  }

  /** Halves are taken on trust; rows with such as cannot be are gone through once more. */
  #halfRow(): void {
    const f = this.#f;
    const { length, bindings } = this.#spec;
    const sum = f.let(noSums);
    const starts = [this.#input, this.#output].map((place) => [place, f.let(place)] as const);
    if (bindings.some(({ access }) => access === 'readwrite')) this.#eights(sum);
    else
      f.if(
        this.#halves.onTrust(() => this.#eights(sum)),
        () => {
          for (const [place, start] of starts) f.set(place, start);
          f.set(sum, noSums);
          this.#eights(sum);
        },
      );
    if (length % 8 > 0) this.#singly(f.let(laneOp('f64x2.extract_lane', 0, sum)), length % 8, 1);
  }

  /**
   * Eight halves at a time, whose own sums are in f32: what that loses is little beside what rounding to a half does. What came
   * before is in f64, as everywhere.
   */
  #eights(sum: Local): void {
    const f = this.#f;
    const { length } = this.#spec;
    if (length < 8) return;
    const behind = (x: Local, words: readonly [number, number, number, number]): Local =>
      f.let(op('f32x4.add', x, shuffle32(noSums, x, words)));
    // Rounded and stored a round later, so that more rounds are under way at once: the first stores what the second one overwrites.
    const late = [f.let(noSums), f.let(noSums)];
    const place = f.let(this.#output);
    const store = (): void => storeVector(f, this.#to, this.#at(place), late, this.#halves);
    f.repeat(Math.floor(length / 8), () => {
      const [low, next] = this.#load(8).map((x) => behind(behind(x, [3, 4, 5, 6]), [2, 3, 4, 5])) as [Local, Local];
      const high = f.let(op('f32x4.add', next, shuffle32(low, low, [3, 3, 3, 3])));
      const rounded = f.let(op('f32x4.demote_f64x2_zero', sum));
      const before = f.let(shuffle32(rounded, rounded, [0, 1, 0, 1]));
      store();
      for (const [i, own] of [low, high].entries()) f.set(late[i] as Local, op('f32x4.add', before, own));
      f.set(place, this.#output);
      const last = shuffle32(high, high, [3, 3, 3, 3]);
      f.set(sum, op('f64x2.add', sum, op('f64x2.promote_low_f32x4', last)));
      this.#advance(8);
    });
    store();
  }

  #at(address: Local): Place {
    return { address, offset: 0 };
  }

  #load(lanes: number): Local[] {
    return loadVector(this.#f, this.#from, lanes, this.#at(this.#input), this.#halves).map((each) => this.#f.let(each));
  }

  #store(sums: readonly Expression[]): void {
    const registers = convertVector('f64', 'f32', sums).map((each) => this.#f.let(each));
    storeVector(this.#f, this.#to, this.#at(this.#output), registers, this.#halves);
  }
}
