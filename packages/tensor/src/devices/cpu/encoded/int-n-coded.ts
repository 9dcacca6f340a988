/**
 * WebAssembly functions for products of codes in groups with x that is rounded to codes too, 32 elements with a scale: the
 * codes of a group add up in i32, and what both scales make of that in f32.
 *
 * An element of the blocked product is 4 bytes: a pair of codes of i16, or a number that a group has. Each group has its pairs, of
 * x and of the matrix, then their scales, then, where there are minima, the sum of x and the minimum.
 */
import type { GroupActivations } from '../../../kernel/activations.ts';
import { centreOf, type GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { i32, memoryOp, op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { gemmKernels } from '../gemm/gemm.ts';
import { addElement, addMultiply, floatProducts, pairProducts, type Products } from '../gemm/multiply.ts';
import { transpose4 } from '../gemm/pack.ts';
import type { Tile } from '../gemm/tile.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { forEachCodedGroup } from './coded-groups.ts';
import { codeReader, codesTogether } from './int-n-codes.ts';
import { fourteenWords, groupedArrays, numbersOfGroup } from './int-n-kernels.ts';

/** The functions for matrices of a kind. */
export interface CodedKernels {
  /** (x, target, blocks): the elements of a row, block by block of 32 columns. */
  readonly codeElements: WasmFunction;
  /**
   * (codes, scales, others, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep, last, group, groups, target): a
   * panel of the elements of as many rows as a tile has columns; of those past the `last` one, that again.
   */
  readonly panelGroups: WasmFunction;
  /** The packed product of elements: arguments as those of `multiply`. */
  readonly multiplyGroups: WasmFunction;
}

/** Elements of a group. */
export function elementsOf({ group, minima }: GroupedCodes): number {
  return group / 2 + (minima ? 2 : 1);
}

/** What the functions are made for. */
export interface CodedKind {
  readonly own: GroupedCodes;
  /** What x is rounded to. */
  readonly activations: GroupActivations;
}

/** Compiles the functions once an engine. */
export const codedKernels: (engine: Engine, kind: CodedKind) => CodedKernels = onceAnEngineEach(
  (engine, kind) => {
    const { own } = kind;
    const { module } = engine.module();
    const { tile } = gemmKernels(engine);
    addCodeElements(module, kind);
    addPanel(module, own, tile.columns);
    addMultiply(module, 'multiplyGroups', tile, groupProducts(tile, own));
    return engine.instantiate(module) as unknown as CodedKernels;
  },
  (kind) => JSON.stringify(kind),
);

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);

function addCodeElements(module: ModuleBuilder, kind: CodedKind): void {
  const { own } = kind;
  const f = module.function('codeElements', ['i32', 'i32', 'i32'], 'none', true);
  const [x, target, blocks] = f.arguments;
  forEachCodedGroup(f, { ...kind, paired: false }, x, blocks, (eights, sum, scale) => {
    for (const [place, eight] of eights.entries()) f.store('v128.store', target, eight, place * 16);
    f.store('f32.store', target, scale, own.group * 2);
    if (own.minima) f.store('f32.store', target, op('f32.mul', op('f32.convert_i32_s', sum), scale), own.group * 2 + 4);
    f.increase(target, elementsOf(own) * 4);
  });
}

function addPanel(module: ModuleBuilder, own: GroupedCodes, lanes: number): void {
  const f = module.function('panelGroups', fourteenWords, 'none', true);
  const { arrays, next, more } = groupedArrays(f);
  const [last, first, groups, target] = more as [Local, Local, Local, Local];
  const { codes, table } = arrays;
  const reader = codeReader(f, own, table);
  const bytes = (codesTogether * own.bits) / 8;
  const pointers = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
  const rowBytes = (own.group * own.bits) / 8;
  for (let lane = 0; lane < lanes; lane += 4) {
    // Rows one after another are read side by side, so that four at a time can be turned.
    const to = f.let(op('i32.add', target, i32(lane * 4)));
    const begin = f.let(to);
    for (const [place, pointer] of pointers.entries()) {
      f.set(pointer, op('i32.add', codes, op('i32.mul', first, i32(rowBytes))));
      f.set(to, op('i32.add', begin, i32(place * 4 + (own.group / 2) * lanes * 4)));
      const group = f.let(first);
      f.repeat(groups, () => {
        const { scale, minimum } = numbersOfGroup(f, own, arrays, group);
        f.store('f32.store', to, scale);
        if (minimum) f.store('f32.store', to, minimum, lanes * 4);
        f.increase(to, elementsOf(own) * lanes * 4);
        f.increase(group, 1);
      });
      f.if(op('i32.gt_s', last, i32(0)), () => next());
      f.increase(last, -1);
    }
    f.set(to, begin);
    const centre = f.let(op('i16x8.splat', i32(centreOf(own).centre)));
    f.repeat(groups, () => {
      for (let at = 0; at < own.group; at += codesTogether) {
        const rows = pointers.map((pointer) =>
          reader.inOrder(pointer, (at / codesTogether) * bytes).map((each) => f.let(each)),
        );
        for (const half of [0, 1])
          for (const [pair, column] of transpose4(
            f,
            rows.map((row) => f.let(op('i16x8.sub', row[half] as Local, centre))),
          ).entries())
            f.store('v128.store', to, column, ((at / 8 + half) * 4 + pair) * lanes * 4);
      }
      for (const pointer of pointers) f.increase(pointer, rowBytes);
      f.increase(to, elementsOf(own) * lanes * 4);
    });
  }
}

/** Pairs of a group add up in i32, and groups in f32. The scale of the matrix comes first: it is one of 16 bits, or a few more. */
function groupProducts(tile: Tile, own: GroupedCodes): Products {
  const vectors = tile.columns / 4;
  const products = floatProducts(tile);
  return {
    ...products,
    addTile: (f, { a, b, end, sums }) => {
      const whole = sums.map(() => f.local('v128'));
      f.loop((again) => {
        const none = f.let(v128([0, 0, 0, 0]));
        for (const sum of whole) f.set(sum, none);
        f.repeat(own.group / 2, () => addElement(f, tile, pairProducts, { a, b, sums: whole }));
        const scaled = whole.map((sum, place) =>
          f.let(op('f32x4.mul', op('f32x4.convert_i32x4_s', sum), load(b, (place % vectors) * 16))),
        );
        for (const [place, sum] of sums.entries())
          f.set(
            sum,
            products.addProduct(
              sum,
              scaled[place] as Local,
              memoryOp('v128.load32_splat', Math.floor(place / vectors) * 4, [a]),
            ),
          );
        f.increase(a, tile.rows * 4);
        f.increase(b, tile.columns * 4);
        if (own.minima) addElement(f, tile, products, { a, b, sums });
        f.branchIf(again, op('i32.lt_u', b, end));
      });
    },
  };
}
