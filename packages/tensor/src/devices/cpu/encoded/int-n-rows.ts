/**
 * WebAssembly functions for few rows of x, rounded to codes in groups of 32, times codes in groups of 16 or 32. The codes of a
 * group add up in i32, in four lanes, which its scales take to f32; from 256 groups on sums add up in f64. Scales and minima are
 * read four at a time beforehand.
 *
 * The body of a loop is one group of each row: V8 moves the loads of a body to its top, and what does not fit registers there is
 * stored and loaded again, which took as long as all else.
 */
import { centreOf } from '../../../kernel/grouped-codes.ts';
import { f64, i32, memoryOp, op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { roundUp } from '../gemm/gemm.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { forEachCodedGroup, sumOfCodes } from './coded-groups.ts';
import { byteReader, bytesOfEights, columnsRead, plusProducts, type CodedKind } from './int-n-bytes.ts';
import { codeReader, type CodeReader } from './int-n-codes.ts';
import { groupsOfStepBits, scaleBytes, scaleReader, type ScaleReader } from './int-n-scales.ts';
import { forEachRowApart } from './rows-apart.ts';
import { forEachBlock } from './vectors.ts';

/** What functions for x that is rounded in groups are made for, with how many groups there are, modulo 4. */
export interface CodedRowsKind extends CodedKind {
  readonly rest: number;
}

/** The functions for matrices of a kind. */
export interface CodedRowsKernels {
  /** A row of x as codes: see `addCodeGroups`. */
  readonly codeGroups: WasmFunction;
  /**
   * (xCodes, xScales, xSums, scratch, codes, scales, minima, steps, otherSteps, table, y, rows, groups, codeStep, scaleStep,
   * otherStep, stepStep): y[r] = Σ x · element over all groups; `scratch` has `scratchBytes`.
   */
  readonly multiply: WasmFunction;
}

/** Compiles the functions once an engine. */
export const codedRowsKernels: (engine: Engine, kind: CodedRowsKind) => CodedRowsKernels = onceAnEngineEach(
  (engine, kind) => {
    const { module } = engine.module();
    addCodeGroups(module, kind, isCentred(kind) ? 'lanes' : 'whole');
    addMultiply(module, kind);
    return engine.instantiate(module) as unknown as CodedRowsKernels;
  },
  (kind) => JSON.stringify(kind),
);

/** Rows of the matrix side by side. */
const rowsTogether = 3;
/** Groups that add up in f32 before their sum goes to f64. */
const groupsTogether = 256;
/** Bytes of the scales of a row as numbers. */
const rowBytes = groupsTogether * 4;
/** Bytes of what scales become on the way. */
export const scratchBytes: number = rowsTogether * rowBytes;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const splat = (address: Expression, offset = 0): Expression => memoryOp('v128.load32_splat', offset, [address]);
const none = v128([0, 0, 0, 0]);

/**
 * Whether codes of 4 bits are read by twos, b = even + 16 · odd, which times x is even · x + odd · x', where b meets the x of
 * the even one, and b >> 4 that of the odd one less 16 times that of the even one: of 8 bits both fit i16.
 */
const isByTwos = ({ own, activations, width }: CodedKind): boolean =>
  own.bits === 4 && !own.table && activations === 'int8-groups' && width === 2;

/** Whether even and odd columns of sixteen are apart. */
const isPaired = ({ own }: Pick<CodedKind, 'own'>): boolean => own.bits === 4;

/** Whether codes count from a middle, which is taken off in whole numbers. */
export const isCentred = ({ own }: Pick<CodedKind, 'own'>): boolean => !own.minima && !own.table;

/** How counts of `columnsRead` are read, in the order in which `codeGroups` writes codes of x. */
export function readingOf(
  f: FunctionBuilder,
  kind: CodedKind,
  { inTwos, inPairs, inOrder }: CodeReader,
): (pointer: Local, offset: number) => readonly Expression[] {
  const eights = isByTwos(kind) ? inTwos : isPaired(kind) ? inPairs : inOrder;
  return kind.width === 1 ? byteReader(f, kind, eights) : eights;
}

/** Bytes of a number of each group of a row of x, with a vector more. */
export const bytesOfNumbers = (groups: number): number => roundUp(groups * 4, 16) + 16;

/** Bytes of what the codes of each group of a row of x add up to, as `codedRowsKernels` have it. */
export const bytesOfSums = (kind: CodedKind, groups: number): number =>
  isCentred(kind) ? groups * 16 + 16 : bytesOfNumbers(groups);

/**
 * Adds `codeGroups(x, codes, xScales, xSums, blocks)`: a row of x as codes of i16 or i8, and of each group its scale and what its codes
 * add up to: i32 times the middle that codes count from, or f32. Behind the numbers of either kind are four zeros.
 * @param sums whether each lane has a sum of its own, of the columns whose products meet there: of weights that are all 0 no lane is
 * anything then, however large its scale is
 */
export function addCodeGroups(module: ModuleBuilder, kind: CodedKind, sums: 'lanes' | 'whole'): FunctionBuilder {
  const { own } = kind;
  const f = module.function('codeGroups', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, codes, xScales, xSums, blocks] = f.arguments;
  forEachCodedGroup(f, { ...kind, paired: isPaired(kind) }, x, blocks, (eights, codeSums, scale) => {
    const stored = kind.width === 1 ? bytesOfEights(kind, eights) : isByTwos(kind) ? twosOf(eights) : eights;
    for (const [place, vector] of stored.entries()) f.store('v128.store', codes, vector, place * 16);
    f.store('f32.store', xScales, scale);
    const { centre } = centreOf(own);
    if (sums === 'lanes') f.store('v128.store', xSums, op('i32x4.mul', codeSums, op('i32x4.splat', i32(centre))));
    else if (isCentred(kind)) f.store('i32.store', xSums, op('i32.mul', sumOfCodes(codeSums), i32(centre)));
    else f.store('f32.store', xSums, op('f32.convert_i32_s', sumOfCodes(codeSums)));
    f.increase(codes, own.group * kind.width);
    f.increase(xScales, 4);
    f.increase(xSums, sums === 'lanes' ? 16 : 4);
  });
  // What the last four groups lack.
  for (const pointer of [xScales, xSums]) f.store('v128.store', pointer, none);
  return f;
}

/** Of eights of even and of odd codes the latter less 16 times the former. */
const twosOf = (eights: readonly Local[]): readonly Expression[] =>
  eights.map((eight, place) =>
    place % 2 === 0 ? eight : op('i16x8.sub', eight, op('i16x8.shl', eights[place - 1] as Local, i32(4))),
  );

interface Row {
  readonly codes: Local;
  readonly scales: Local;
  readonly minima: Local | undefined;
  readonly steps: Local;
  readonly otherSteps: Local;
  /** Of the block. */
  readonly sums: Local;
  readonly total: Local;
}

interface Walk {
  readonly kind: CodedRowsKind;
  readonly read: ReturnType<typeof readingOf>;
  readonly numbersOf: ScaleReader;
  readonly x: Local;
  readonly xScales: Local;
  readonly xSums: Local;
  readonly scratch: Local;
  /** Groups whose scales were read. */
  readonly passed: Local;
  readonly rows: readonly Row[];
}

function addMultiply(module: ModuleBuilder, kind: CodedRowsKind): void {
  const { own } = kind;
  const words = Array.from({ length: 17 }, () => 'i32' as const);
  const f = module.function('multiply', words, 'none', true);
  const [xCodes, xScales, xSums, scratch, codes, scales, minima, steps, otherSteps, table] = f.arguments as Local[];
  const [y, rows, groups, codeStep, scaleStep, otherStep, stepStep] = f.arguments.slice(10);
  const isStepped = own.scales === 'i8';
  const read = readingOf(f, kind, codeReader(f, own, table as Local));
  const fixed = { kind, read, numbersOf: scaleReader(f, own) };
  const arrays = [
    [codes, codeStep],
    [scales, scaleStep],
    [y, i32(4)],
    ...(own.minima ? [[minima, otherStep]] : []),
    ...(isStepped ? [[steps, stepStep]] : []),
    ...(isStepped && own.minima ? [[otherSteps, stepStep]] : []),
  ].map(([at, step]) => ({ at: at as Local, step: step as Expression }));
  forEachRowApart(f, rows as Local, rowsTogether, arrays, (pointers) => {
    const [ofCodes, ofScales, ofY] = pointers as [readonly Local[], readonly Local[], readonly Local[]];
    const ofMinima = own.minima ? pointers[3] : undefined;
    const ofSteps = isStepped ? pointers[own.minima ? 4 : 3] : undefined;
    const ofOtherSteps = pointers[5];
    const walk: Walk = {
      ...fixed,
      x: f.let(xCodes as Local),
      xScales: f.let(xScales as Local),
      xSums: f.let(xSums as Local),
      scratch: scratch as Local,
      passed: f.let(i32(0)),
      rows: ofCodes.map((pointer, row) => ({
        codes: pointer,
        scales: ofScales[row] as Local,
        minima: ofMinima?.[row],
        steps: ofSteps?.[row] ?? pointer,
        otherSteps: ofOtherSteps?.[row] ?? pointer,
        sums: f.local('v128'),
        total: f.let(f64(0)),
      })),
    };
    forEachBlock(f, groups as Local, groupsTogether, (now) => {
      readNumbers(f, walk, now);
      addGroups(f, walk, now);
      for (const { sums, total } of walk.rows) f.set(total, op('f64.add', total, sumOfLanes(f, sums)));
    });
    for (const [row, { total }] of walk.rows.entries())
      f.store('f32.store', ofY[row] as Local, op('f32.demote_f64', total));
  });
}

/** Writes the scales of a block as numbers, and begins its sums with what minima add. */
function readNumbers(f: FunctionBuilder, walk: Walk, groups: Local): void {
  const { kind, rows, numbersOf, passed } = walk;
  const { own, rest } = kind;
  const to = f.let(walk.scratch);
  const [xScales, xSums] = [f.let(walk.xScales), f.let(walk.xSums)];
  for (const { sums } of rows) f.set(sums, none);
  const step = (base: Local): Expression =>
    own.scales === 'i8'
      ? op('i32.add', base, op('i32.shl', op('i32.shr_u', passed, i32(groupsOfStepBits(own))), i32(1)))
      : base;
  const read = (count: number): void => {
    for (const [row, { scales, minima, steps, otherSteps, sums }] of rows.entries()) {
      f.store('v128.store', to, numbersOf(scales, step(steps), count), row * rowBytes);
      f.increase(scales, count * scaleBytes[own.scales]);
      if (!minima) continue;
      // The scale of x last: it may be so large that times that of the matrix it is infinite.
      const lifted = op('f32x4.mul', load(xSums), numbersOf(minima, step(otherSteps), count));
      f.set(sums, op('f32x4.add', sums, op('f32x4.mul', lifted, load(xScales))));
      f.increase(minima, count * scaleBytes[own.scales]);
    }
    for (const pointer of [to, xScales, xSums]) f.increase(pointer, 16);
    f.increase(passed, count);
  };
  f.repeat(op('i32.shr_u', groups, i32(2)), () => read(4));
  if (rest > 0) f.if(op('i32.and', groups, i32(3)), () => read(rest));
}

/** Adds the products of a block. */
function addGroups(f: FunctionBuilder, walk: Walk, groups: Local): void {
  const { kind, rows, x, xScales, xSums } = walk;
  const { own } = kind;
  const scales = f.let(walk.scratch);
  f.repeat(groups, () => {
    const xScale = f.let(splat(xScales));
    const centre = isCentred(kind) ? f.let(load(xSums)) : undefined;
    for (const [row, dots] of groupDots(f, walk).entries()) {
      const { sums } = rows[row] as Row;
      const counts = centre ? op('i32x4.sub', dots, centre) : dots;
      const scaled = op('f32x4.mul', op('f32x4.convert_i32x4_s', counts), splat(scales, row * rowBytes));
      f.set(sums, op('f32x4.add', sums, op('f32x4.mul', scaled, xScale)));
    }
    for (const { codes } of rows) f.increase(codes, (own.group * own.bits) / 8);
    f.increase(x, own.group * kind.width);
    for (const pointer of [scales, xScales]) f.increase(pointer, 4);
    if (centre) f.increase(xSums, 16);
  });
}

/** The counts of a group times x, of each row, in four lanes. */
function groupDots(f: FunctionBuilder, { kind, read, x, rows }: Walk): readonly Local[] {
  const { own, width } = kind;
  const sums = rows.map(() => f.local('v128'));
  const columns = columnsRead(kind);
  for (let at = 0; at < own.group; at += columns) {
    const factors = Array.from({ length: (columns * width) / 16 }, (_, place) =>
      f.let(load(x, at * width + place * 16)),
    );
    for (const [row, { codes: pointer }] of rows.entries()) {
      const sum = sums[row] as Local;
      const counts = read(pointer, (at * own.bits) / 8);
      const before: Expression = at === 0 ? none : sum;
      f.set(
        sum,
        counts.reduce((all, some, place) => plusProducts(kind, all, factors[place] as Local, some), before),
      );
    }
  }
  return sums;
}
