/**
 * WebAssembly functions for products of codes in groups with panels of x, rounded to codes too. Four rows of the matrix at a time
 * are opened to a strip, which stays in the first-level cache while all panels meet it; a lane adds up a row of x. The codes of
 * a group add up in i32, what both scales make of that in f32, and pieces of a row in f64.
 */
import { call, i32, op, select, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { transpose4 } from '../gemm/pack.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { columnsRead, type CodedKind } from './int-n-bytes.ts';
import { codeReader } from './int-n-codes.ts';
import { fourteenWords, groupedArrays } from './int-n-kernels.ts';
import { addCodePanels, narrow, panelGroup, wide, wideRows } from './int-n-panels.ts';
import { readingOf, type CodedRowsKind } from './int-n-rows.ts';
import { groupsOfStepBits, scaleBytes, scaleReader } from './int-n-scales.ts';
import { addBring, addTile, edgeBytes, codesOfStrip, stripGroup, stripRows, totalBytes } from './int-n-tiles.ts';
import { atMost } from './vectors.ts';

/** The functions for matrices of a kind. */
export interface StripKernels {
  /** (x, panels, rows, count, groups): rows of x as panels. */
  readonly codePanels: WasmFunction;
  /**
   * (panels, count, scratch, codes, scales, minima, steps, otherSteps, table, y, rows, groups, codeStep, scaleStep, otherStep,
   * stepStep, yStep): y[i, r] = Σ x[i] · element over all groups, for `count` rows of x; `scratch` has `stripBytes`.
   */
  readonly multiply: WasmFunction;
}

/** Compiles the functions once an engine. */
export const stripKernels: (engine: Engine, kind: CodedRowsKind) => StripKernels = onceAnEngineEach(
  (engine, kind) => {
    const { module } = engine.module();
    addCodePanels(module, kind);
    addMultiply(module, kind);
    return engine.instantiate(module) as unknown as StripKernels;
  },
  (kind) => JSON.stringify(kind),
);

/** Groups of a strip: at most 8 KiB of codes. Their products add up in f32. */
const groupsTogether = 32;

/** Bytes of workspace for a strip and the sums of so many rows of x. */
export const stripBytes = (kind: CodedKind, count: number): number =>
  edgeBytes + groupsTogether * stripGroup(kind).bytes + (count + wideRows) * totalBytes;

const nine = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;

function addMultiply(module: ModuleBuilder, kind: CodedRowsKind): void {
  const open = addOpen(module, kind);
  const bring = addBring(module);
  const tiles = { wide: addTile(module, kind, wide), narrow: addTile(module, kind, narrow) };
  const f = module.function(
    'multiply',
    [...nine, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [panels, count, scratch, codes, scales, minima, steps, otherSteps, table, y, rows, groups, ...stepped] =
    f.arguments;
  const [codeStep, scaleStep, otherStep, stepStep, yStep] = stepped;
  const strip = f.let(op('i32.add', scratch, i32(edgeBytes)));
  const sums = f.let(op('i32.add', strip, i32(groupsTogether * stripGroup(kind).bytes)));
  const moved = [
    [codes, codeStep],
    [scales, scaleStep],
    [minima, otherStep],
    [steps, stepStep],
    [otherSteps, stepStep],
    [y, i32(4)],
  ] as const;
  const seen = f.let(i32(0));
  f.loop((nextStrip) => {
    const last = f.let(op('i32.sub', atMost(f, rows, i32(stripRows)), i32(1)));
    const first = f.let(i32(0));
    f.loop((nextPiece) => {
      const now = atMost(f, op('i32.sub', groups, first), i32(groupsTogether));
      const arrays = [codes, scales, minima, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep];
      f.do(call(open, ...arrays, last, first, now, strip));
      const after = f.let(op('i32.add', first, now));
      // The codes of the next strip, if it is whole; else memory that has as many bytes.
      const soon = op(
        'i32.add',
        op('i32.mul', codeStep, i32(stripRows)),
        op('i32.mul', first, i32(codesOfStrip(kind))),
      );
      const isWhole = op('i32.ge_s', rows, i32(2 * stripRows));
      const next = f.let(select(isWhole, op('i32.add', codes, soon), strip));
      const ends = f.let(op('i32.eq', after, groups));
      const [panel, to, totals, left] = [f.let(panels), f.let(y), f.let(sums), f.let(count)];
      const meet = (tile: Callable, vectors: number): void => {
        const ahead = op('i32.mul', first, i32(panelGroup(kind, vectors).bytes));
        f.set(seen, call(tile, strip, op('i32.add', panel, ahead), now, scratch, next));
        f.do(call(bring, scratch, to, yStep, atMost(f, left, i32(vectors * 4)), rows, totals, first, ends));
      };
      f.block((end) => {
        f.loop((nextPanel) => {
          f.branchIf(end, op('i32.le_s', left, i32(narrow * 4)));
          meet(tiles.wide, wide);
          f.increase(panel, op('i32.mul', groups, i32(panelGroup(kind, wide).bytes)));
          f.increase(to, op('i32.mul', yStep, i32(wideRows)));
          f.increase(totals, wideRows * totalBytes);
          f.increase(left, -wideRows);
          f.branchIf(nextPanel, i32(1));
        });
      });
      f.if(op('i32.gt_s', left, i32(0)), () => meet(tiles.narrow, narrow));
      f.set(first, after);
      f.branchIf(nextPiece, op('i32.lt_s', first, groups));
    });
    for (const [pointer, step] of moved) f.increase(pointer, op('i32.mul', step, i32(stripRows)));
    f.increase(rows, -stripRows);
    f.branchIf(nextStrip, op('i32.gt_s', rows, i32(0)));
  });
}

/**
 * Adds `open(codes, scales, others, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep, last, group, groups,
 * target)`: some groups of four rows as a strip; of rows past the `last` one, that again.
 */
function addOpen(module: ModuleBuilder, kind: CodedRowsKind): Callable {
  const { own, rest, width } = kind;
  const f = module.function('open', fourteenWords, 'none');
  const { arrays, next, more } = groupedArrays(f);
  const [last, first, groups, target] = more as [Local, Local, Local, Local];
  const { codes, scales, others, steps, otherSteps } = arrays;
  const read = readingOf(f, kind, codeReader(f, own, arrays.table));
  const numbersOf = scaleReader(f, own);
  const rowBytes = (own.group * own.bits) / 8;
  const ahead = f.let(op('i32.mul', first, i32(scaleBytes[own.scales])));
  const part = stripGroup(kind);
  const numbers: { readonly own: Local; readonly steps: Local }[][] = [[], []];
  const pointers: Local[] = [];
  for (let row = 0; row < stripRows; row++) {
    pointers.push(f.let(op('i32.add', codes, op('i32.mul', first, i32(rowBytes)))));
    numbers[0]?.push({ own: f.let(op('i32.add', scales, ahead)), steps: f.let(steps) });
    if (own.minima) numbers[1]?.push({ own: f.let(op('i32.add', others, ahead)), steps: f.let(otherSteps) });
    f.if(op('i32.gt_s', last, i32(0)), () => next());
    f.increase(last, -1);
  }
  const to = f.let(target);
  f.repeat(groups, () => {
    for (const [row, pointer] of pointers.entries()) {
      for (let at = 0; at < own.group; at += columnsRead(kind))
        for (const [place, counts] of read(pointer, (at * own.bits) / 8).entries())
          f.store('v128.store', to, counts, (row * own.group + at) * width + place * 16);
      f.increase(pointer, rowBytes);
    }
    f.increase(to, part.bytes);
  });
  const passed = f.let(first);
  const step = (base: Local): Expression =>
    own.scales === 'i8'
      ? op('i32.add', base, op('i32.shl', op('i32.shr_u', passed, i32(groupsOfStepBits(own))), i32(1)))
      : base;
  const turn = (count: number): void => {
    for (const [place, kindOf] of numbers.entries()) {
      if (kindOf.length === 0) continue;
      const fours = kindOf.map((row) => numbersOf(row.own, step(row.steps), count));
      for (const [group, four] of transpose4(f, fours).slice(0, count).entries())
        f.store('v128.store', target, four, group * part.bytes + (place === 0 ? part.scales : part.minima));
      for (const row of kindOf) f.increase(row.own, count * scaleBytes[own.scales]);
    }
    f.increase(target, count * part.bytes);
    f.increase(passed, count);
  };
  f.repeat(op('i32.shr_u', groups, i32(2)), () => turn(4));
  if (rest > 0) f.if(op('i32.and', groups, i32(3)), () => turn(rest));
  return f;
}
