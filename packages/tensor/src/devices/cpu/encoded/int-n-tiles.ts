/**
 * WebAssembly functions that multiply a strip, four rows of a matrix of codes in groups, with a panel of rows of x: a lane adds up
 * a row of x, and what a tile comes to is turned, so that it lies as rows of x do.
 */
import {
  i32,
  memoryOp,
  op,
  shuffle32,
  v128,
  type Callable,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { transpose4 } from '../gemm/pack.ts';
import { panelGroup, wideRows } from './int-n-panels.ts';
import { plusProducts, wholeSum, type CodedKind } from './int-n-bytes.ts';
import { isCentred } from './int-n-rows.ts';

/** Rows of a strip. */
export const stripRows = 4;

/** Where the numbers of a group are in a strip, behind the codes of one row after the other, and bytes of the group. */
export function stripGroup({ own, width }: CodedKind): {
  readonly scales: number;
  readonly minima: number;
  readonly bytes: number;
} {
  const scales = stripRows * own.group * width;
  return { scales, minima: scales + 16, bytes: scales + (own.minima ? 32 : 16) };
}

/** Bytes of the codes of a group of four rows as the matrix has them, which lie one behind the other. */
export const codesOfStrip = ({ own }: Pick<CodedKind, 'own'>): number => (stripRows * own.group * own.bits) / 8;

/** Bytes of a cache line. */
const line = 64;

/** Bytes of what a tile comes to: of each row of x four sums, f32. */
export const edgeBytes: number = wideRows * 16;
/** Bytes of the wide sums of a row of x. */
export const totalBytes: number = stripRows * 8;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const splat = (address: Expression, offset = 0): Expression => memoryOp('v128.load32_splat', offset, [address]);
const none = v128([0, 0, 0, 0]);

/**
 * Adds a function (strip, panel, groups, edge, ahead), which writes the products of a strip and a panel of so many vectors to `edge`.
 * As it goes it reads from every line of as many codes from `ahead` on: the next strip comes from memory meanwhile, in order and
 * evenly, while else it would be waited for. What it returns is of no use.
 */
export function addTile(module: ModuleBuilder, kind: CodedKind, vectors: number): Callable {
  const { own } = kind;
  const rowBytes = own.group * kind.width;
  const isWhole = kind.lanes === 4;
  const f = module.function(`tile${vectors}`, ['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const [a, b, groups, edge, ahead] = f.arguments;
  const seen = f.let(i32(0));
  const part = { strip: stripGroup(kind), panel: panelGroup(kind, vectors) };
  const vectorsOf = (address: Local, offset: number): Local[] =>
    Array.from({ length: vectors }, (_, vector) => f.let(load(address, offset + vector * 16)));
  const places = Array.from({ length: stripRows * vectors }, (_, place) => place);
  const sums = places.map(() => f.let(none));
  const whole = places.map(() => f.local('v128'));
  f.repeat(groups, () => {
    for (let at = 0; at < codesOfStrip(kind); at += line)
      f.set(seen, op('i32.xor', seen, memoryOp('i32.load8_u', at, [ahead])));
    f.increase(ahead, codesOfStrip(kind));
    const begin = isCentred(kind) ? vectorsOf(b, 0) : undefined;
    for (const [place, sum] of whole.entries()) f.set(sum, (isWhole && begin?.[place % vectors]) || none);
    f.increase(b, part.panel.codes);
    f.repeat(rowBytes / 4, () => {
      const ofX = vectorsOf(b, 0);
      for (let row = 0; row < stripRows; row++) {
        const counts = f.let(splat(a, row * rowBytes));
        for (const [vector, codes] of ofX.entries()) {
          const sum = whole[row * vectors + vector] as Local;
          f.set(sum, plusProducts(kind, sum, codes, counts));
        }
      }
      f.increase(a, 4);
      f.increase(b, vectors * 16);
    });
    // The codes of one row have been passed, and those of the panel.
    const behind = part.strip.scales - rowBytes;
    const scales = vectorsOf(b, 0);
    const ofX = own.minima ? vectorsOf(b, vectors * 16) : [];
    for (let row = 0; row < stripRows; row++) {
      const scale = f.let(splat(a, behind + row * 4));
      const minimum = own.minima ? f.let(splat(a, behind + 16 + row * 4)) : undefined;
      for (const [vector, scaleOfX] of scales.entries()) {
        const place = row * vectors + vector;
        const products = wholeSum(kind, whole[place] as Local);
        const counts = isWhole || !begin ? products : op('i32x4.add', products, begin[vector] as Local);
        const scaled = op('f32x4.mul', op('f32x4.convert_i32x4_s', counts), scale);
        const lifted = minimum ? op('f32x4.add', scaled, op('f32x4.mul', ofX[vector] as Local, minimum)) : scaled;
        const sum = sums[place] as Local;
        // The scale of x last: it may be so large that times that of the matrix it is infinite.
        f.set(sum, op('f32x4.add', sum, op('f32x4.mul', lifted, scaleOfX)));
      }
    }
    f.increase(a, part.strip.bytes - rowBytes);
    f.increase(b, part.panel.bytes - part.panel.scales);
  });
  for (let vector = 0; vector < vectors; vector++) {
    const four = sums.filter((_, place) => place % vectors === vector);
    for (const [lane, ofRow] of transpose4(f, four).entries())
      f.store('v128.store', edge, ofRow, (vector * 4 + lane) * 16);
  }
  f.return(seen);
  return f;
}

/**
 * Adds `bring(edge, y, yStep, count, rows, totals, adds, ends)`, which brings what a tile came to for `count` rows of x, and up to four
 * of the matrix, on: added to `totals` where there were some before, and to `y` where none come after.
 */
export function addBring(module: ModuleBuilder): Callable {
  const words = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  const f = module.function('bring', words, 'none');
  const [edge, y, yStep, count, rows, totals, adds, ends] = f.arguments;
  const isPart = f.let(op('i32.or', adds, op('i32.eqz', ends)));
  f.repeat(count, () => {
    f.if(isPart, () => {
      const four = f.let(load(edge));
      for (const [half, two] of [four, shuffle32(four, four, [2, 3, 2, 3])].entries()) {
        const sum = f.let(op('f64x2.promote_low_f32x4', two));
        f.if(adds, () => f.set(sum, op('f64x2.add', sum, load(totals, half * 16))));
        f.store('v128.store', totals, sum, half * 16);
        f.store('v128.store64_lane', edge, op('f32x4.demote_f64x2_zero', sum), half * 8, 0);
      }
    });
    f.if(ends, () =>
      f.if(
        op('i32.ge_s', rows, i32(stripRows)),
        () => f.store('v128.store', y, load(edge)),
        () => {
          const [one, to] = [f.let(edge), f.let(y)];
          f.repeat(rows, () => {
            f.store('i32.store', to, memoryOp('i32.load', 0, [one]));
            f.increase(one, 4);
            f.increase(to, 4);
          });
        },
      ),
    );
    f.increase(edge, 16);
    f.increase(y, yStep);
    f.increase(totals, totalBytes);
  });
  return f;
}
