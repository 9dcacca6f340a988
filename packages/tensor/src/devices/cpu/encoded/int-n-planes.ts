/**
 * WebAssembly functions for codes of 1 to 8 bits in groups with rows of x in planes. The codes of a group times either plane
 * add up in i32. Two groups side by side then become numbers of f64, exact ones, which are scaled: so what minima and zero
 * points make of a sum cancels nothing.
 */
import { centreOf, type GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { f64, i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { sumOfPair } from '../gemm/dot-rows.ts';
import { codeReader, codesTogether, type CodeReader } from './int-n-codes.ts';
import { groupsOfStepBits, scaleBytes, scaleReader, type ScaleReader } from './int-n-scales.ts';
import { forEachRowApart } from './rows-apart.ts';
import { fewBytes } from './vectors.ts';

/** The functions for matrices of a kind. */
export interface GroupedPlaneKernels {
  /** (planes, xScales, sums, groups, pairs): the sums of x over each group, f64, and a 0 for what a last pair lacks. */
  readonly sumGroups: WasmFunction;
  /**
   * (planes, xScales, sums, codes, scales, others, steps, otherSteps, table, y, rows, groups, codeStep, scaleStep, otherStep,
   * stepStep): y[r] = Σ x · element over so many groups; `others` are zero points or minima. Two groups share a scale of x.
   */
  readonly multiply: WasmFunction;
}

/** What the functions are made for: how many groups there are, modulo 4, too. */
export interface PlaneKind {
  readonly own: GroupedCodes;
  readonly rest: number;
}

/** Compiles the functions once an engine. */
export const groupedPlaneKernels: (engine: Engine, kind: PlaneKind) => GroupedPlaneKernels = onceAnEngineEach(
  (engine, kind) => {
    const { module } = engine.module();
    addSumGroups(module, kind.own);
    addMultiply(module, kind);
    return engine.instantiate(module) as unknown as GroupedPlaneKernels;
  },
  (kind) => JSON.stringify(kind),
);

/** Rows side by side: each has a sum for each plane. */
const rowsTogether = 3;
/** Columns whose code is written out. */
const mostWritten = 32;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const none = v128([0, 0, 0, 0]);
const upperHalf = (vector: Local): Expression => shuffle32(vector, vector, [2, 3, 2, 3]);

/** Whether even and odd columns are apart. */
export const isPaired = ({ bits }: Pick<GroupedCodes, 'bits'>): boolean => bits === 4;

/** Whether sums of a group fit i32. */
export const fitsPlanes = ({ bits, table, group }: GroupedCodes): boolean => 2 ** (table ? 8 : bits) * group <= 2 ** 16;

/** The sums of a group times either plane, in lanes of i32. */
type PlaneSums = readonly Local[];

/** What two vectors add up to: lanes 0 and 2 of either, then lanes 1 and 3. */
function addedHalves(f: FunctionBuilder, a: Expression, b: Expression): Local {
  return f.let(op('i32x4.add', shuffle32(a, b, [0, 4, 1, 5]), shuffle32(a, b, [2, 6, 3, 7])));
}

/** The whole numbers of two groups, f64; of one group and a 0. */
function wholePair(f: FunctionBuilder, one: PlaneSums, other: PlaneSums | undefined, places: Local): Expression {
  const [high, low] = one.map((sum, plane) => addedHalves(f, sum, other?.[plane] ?? none)) as [Local, Local];
  const both = f.let(op('i32x4.add', shuffle32(high, low, [0, 1, 4, 5]), shuffle32(high, low, [2, 3, 6, 7])));
  const upper = op('f64x2.mul', op('f64x2.convert_low_i32x4_s', both), places);
  return op('f64x2.add', upper, op('f64x2.convert_low_i32x4_s', upperHalf(both)));
}

function addSumGroups(module: ModuleBuilder, { group }: GroupedCodes): void {
  const f = module.function('sumGroups', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [planes, xScales, sums, groups, pairs] = f.arguments;
  const places = f.let(op('f64x2.splat', f64(65536)));
  const ones = f.let(op('i16x8.splat', i32(1)));
  const both = [0, 1].map(() => [f.local('v128'), f.local('v128')] as const);
  const left = f.let(groups);
  f.repeat(pairs, () => {
    for (const [high, low] of both) {
      f.set(high, none);
      f.set(low, none);
      f.if(op('i32.gt_s', left, i32(0)), () => {
        f.repeat(i32(group / 8), () => {
          f.set(high, op('i32x4.add', high, op('i32x4.dot_i16x8_s', load(planes), ones)));
          f.set(low, op('i32x4.add', low, op('i32x4.dot_i16x8_s', load(planes, 16), ones)));
          f.increase(planes, 32);
        });
      });
      f.increase(left, -1);
    }
    const whole = wholePair(f, both[0] as PlaneSums, both[1], places);
    f.store('v128.store', sums, op('f64x2.mul', whole, memoryOp('v128.load64_splat', 0, [xScales])));
    f.increase(sums, 16);
    f.increase(xScales, 8);
  });
}

const sixteen = Array.from({ length: 16 }, () => 'i32' as const);

interface Row {
  readonly codes: Local;
  readonly scales: Local;
  readonly others: Local | undefined;
  readonly steps: Local;
  readonly otherSteps: Local;
  readonly total: Local;
}

interface Walk {
  readonly own: GroupedCodes;
  readonly codes: CodeReader;
  readonly numbers: ScaleReader;
  readonly places: Local;
  readonly centre: Local;
  readonly x: Local;
  readonly xScales: Local;
  readonly sums: Local;
  /** Groups that were passed. */
  readonly passed: Local;
  readonly rows: readonly Row[];
}

function addMultiply(module: ModuleBuilder, { own, rest }: PlaneKind): void {
  const f = module.function('multiply', sixteen, 'none', true);
  const [planes, xScales, sums, codes, scales, others, steps, otherSteps, table, y, rows] = f.arguments as Local[];
  const [groups, codeStep, scaleStep, otherStep, stepStep] = f.arguments.slice(11);
  const hasOthers = own.zeros || own.minima;
  const isStepped = own.scales === 'i8';
  const fixed = {
    own,
    codes: codeReader(f, own, table as Local),
    numbers: scaleReader(f, own),
    places: f.let(op('f64x2.splat', f64(65536))),
    centre: f.let(op('f64x2.splat', f64(centreOf(own).centre))),
  };
  const quads = f.let(op('i32.shr_u', groups as Local, i32(2)));
  const arrays = [
    [codes, codeStep],
    [scales, scaleStep],
    [y, i32(4)],
    ...(hasOthers ? [[others, otherStep]] : []),
    ...(isStepped ? [[steps, stepStep]] : []),
    ...(isStepped && own.minima ? [[otherSteps, stepStep]] : []),
  ].map(([at, step]) => ({ at: at as Local, step: step as Expression }));
  forEachRowApart(f, rows as Local, rowsTogether, arrays, (pointers) => {
    const [ofCodes, ofScales, ofY] = pointers as [readonly Local[], readonly Local[], readonly Local[]];
    const ofOthers = hasOthers ? pointers[3] : undefined;
    const ofSteps = isStepped ? pointers[hasOthers ? 4 : 3] : undefined;
    const ofOtherSteps = pointers[5];
    const walk: Walk = {
      ...fixed,
      x: f.let(planes as Local),
      xScales: f.let(xScales as Local),
      sums: f.let(sums as Local),
      passed: f.let(i32(0)),
      rows: ofCodes.map((pointer, row) => ({
        codes: pointer,
        scales: ofScales[row] as Local,
        others: ofOthers?.[row],
        steps: ofSteps?.[row] ?? pointer,
        otherSteps: ofOtherSteps?.[row] ?? pointer,
        total: f.let(none),
      })),
    };
    f.repeat(quads, () => addGroups(f, walk, 4));
    if (rest > 0) addGroups(f, walk, rest);
    for (const [row, { total }] of walk.rows.entries())
      f.store('f32.store', ofY[row] as Local, op('f32.demote_f64', sumOfPair(total)));
  });
}

/** Adds the products of `count` groups, up to four. */
function addGroups(f: FunctionBuilder, walk: Walk, count: number): void {
  const { own, rows, numbers, passed } = walk;
  const step = (base: Local): Expression =>
    own.scales === 'i8'
      ? op('i32.add', base, op('i32.shl', op('i32.shr_u', passed, i32(groupsOfStepBits(own))), i32(1)))
      : base;
  const read = rows.map(({ scales, others, steps, otherSteps }) => ({
    scales: numbers(scales, step(steps), count),
    others: others && (own.minima ? numbers(others, step(otherSteps), count) : zerosAt(f, others, count)),
  }));
  for (let first = 0; first < count; first += 2) {
    const one = groupDots(f, walk, first);
    const other = first + 1 < count ? groupDots(f, walk, first + 1) : undefined;
    const xScale = f.let(memoryOp('v128.load64_splat', 0, [walk.xScales]));
    const ofX = f.let(load(walk.sums));
    const isCentred = !own.zeros && !own.minima && !own.table;
    const ofCentre = isCentred ? f.let(op('f64x2.mul', ofX, walk.centre)) : ofX;
    for (const [row, { total }] of rows.entries()) {
      const { scales, others } = read[row] as (typeof read)[number];
      const whole = wholePair(f, one[row] as PlaneSums, other?.[row], walk.places);
      const dots = op('f64x2.mul', whole, xScale);
      const offset = others && pairOf(others, first);
      const counted = own.zeros
        ? op('f64x2.sub', dots, op('f64x2.mul', ofX, offset as Expression))
        : isCentred
          ? op('f64x2.sub', dots, ofCentre)
          : dots;
      const scaled = op('f64x2.mul', counted, pairOf(scales, first));
      f.set(total, op('f64x2.add', total, scaled));
      if (own.minima) f.set(total, op('f64x2.add', total, op('f64x2.mul', ofX, offset as Expression)));
    }
    f.increase(walk.xScales, 8);
    f.increase(walk.sums, 16);
  }
  if (isWritten(own)) passColumns(f, walk, count * own.group);
  for (const { scales, others } of rows) {
    f.increase(scales, count * scaleBytes[own.scales]);
    if (others) f.increase(others, own.zeros ? count : count * scaleBytes[own.scales]);
  }
  f.increase(passed, count);
}

/** Two of four numbers, from the first or the third on, f64. */
const pairOf = (four: Local, first: number): Expression =>
  op('f64x2.promote_low_f32x4', first === 0 ? four : upperHalf(four));

/** Zero points of up to four groups, f32. */
function zerosAt(f: FunctionBuilder, address: Local, count: number): Local {
  const bytes = fewBytes(f, address, 0, count);
  const words = op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', bytes));
  return f.let(op('f32x4.convert_i32x4_s', words));
}

/** The counts of the group at a place of those that are added together times x, of each row. */
function groupDots(f: FunctionBuilder, { own, codes, x, rows }: Walk, place: number): readonly PlaneSums[] {
  const sums = rows.map((): PlaneSums => [f.local('v128'), f.local('v128')]);
  const written = Math.min(own.group, mostWritten);
  const begin = isWritten(own) ? place * own.group : 0;
  const read = isPaired(own) ? codes.inPairs : codes.inOrder;
  const add = (isFirst: boolean): void => {
    for (let at = 0; at < written; at += codesTogether) {
      const factors = [0, 1, 2, 3].map((vector) => f.let(load(x, (begin + at) * 4 + vector * 16)));
      for (const [row, { codes: pointer }] of rows.entries())
        for (const [half, expression] of read(pointer, ((begin + at) * own.bits) / 8).entries()) {
          const counts = f.let(expression);
          for (const [plane, sum] of (sums[row] as PlaneSums).entries()) {
            const product = op('i32x4.dot_i16x8_s', factors[half * 2 + plane] as Local, counts);
            f.set(sum, isFirst && at === 0 && half === 0 ? product : op('i32x4.add', sum, product));
          }
        }
    }
    if (!isWritten(own)) passColumns(f, { own, x, rows }, written);
  };
  add(true);
  f.repeat(own.group / written - 1, () => add(false));
  return sums;
}

/** Whether the code of all columns of a group is written out, so that pointers move past several groups at once. */
const isWritten = ({ group }: GroupedCodes): boolean => group <= mostWritten;

function passColumns(f: FunctionBuilder, { own, x, rows }: Pick<Walk, 'own' | 'x' | 'rows'>, count: number): void {
  f.increase(x, count * 4);
  for (const { codes } of rows) f.increase(codes, (count * own.bits) / 8);
}
