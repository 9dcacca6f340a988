/**
 * WebAssembly functions that write rows of x, rounded to codes, as panels of 4 or 8 rows side by side. A group of a panel has what
 * a middle takes off, where codes of the matrix count from one; its codes, two or four columns of four rows a vector; then the scales of
 * the rows, and where there are minima what their codes add up to.
 */
import { call, i32, memoryOp, op, select, type Callable, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { transpose4 } from '../gemm/pack.ts';
import { activationGroup } from '../../../kernel/activations.ts';
import type { CodedKind } from './int-n-bytes.ts';
import { addCodeGroups, bytesOfNumbers, isCentred } from './int-n-rows.ts';
import { atMost } from './vectors.ts';

/** Vectors of rows of x that a wide panel has side by side. */
export const wide = 2;
/** The same of a narrow one, which has what is left over. */
export const narrow = 1;
/** Rows of a wide panel. */
export const wideRows: number = wide * 4;

/** Where the parts of a group are in a panel of so many vectors, and how many bytes they have together. */
export interface PanelGroup {
  readonly codes: number;
  readonly scales: number;
  /** Of codes, where there are minima. */
  readonly sums: number;
  readonly bytes: number;
}

/** The parts of a group. */
export function panelGroup({ own, width }: CodedKind, vectors: number): PanelGroup {
  const codes = isCentred({ own }) ? vectors * 16 : 0;
  const scales = codes + own.group * width * vectors * 4;
  const sums = scales + vectors * 16;
  return { codes, scales, sums, bytes: own.minima ? sums + vectors * 16 : sums };
}

/** Bytes of the panels of so many rows. */
export function panelsBytes(kind: CodedKind, groups: number, rows: number): number {
  const rest = rows % wideRows;
  const [whole, half] = rest > narrow * 4 ? [rows - rest + wideRows, 0] : [rows - rest, rest];
  const ofWide = (whole / wideRows) * panelGroup(kind, wide).bytes;
  return groups * (half > 0 ? ofWide + panelGroup(kind, narrow).bytes : ofWide);
}

/** Bytes of workspace for rows that become a panel. */
export const codedRowsBytes = (kind: CodedKind, groups: number): number => wideRows * rowBytes(kind, groups);

const rowBytes = ({ own, width }: CodedKind, groups: number): number =>
  groups * own.group * width + 2 * bytesOfNumbers(groups);

/** Adds `codePanels(x, panels, rows, count, groups)`: panels of `count` rows of x; `rows` has `codedRowsBytes`. */
export function addCodePanels(module: ModuleBuilder, kind: CodedKind): void {
  const codeGroups = addCodeGroups(module, kind, 'whole');
  const [interleaveWide, interleaveNarrow] = [wide, narrow].map((vectors) => addInterleave(module, kind, vectors));
  const f = module.function('codePanels', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, panels, rows, count, groups] = f.arguments;
  const { width } = kind;
  const { group } = kind.own;
  const codesBytes = f.let(op('i32.mul', groups, i32(group * width)));
  // As `bytesOfNumbers` has it.
  const numbersBytes = f.let(op('i32.and', op('i32.add', op('i32.shl', groups, i32(2)), i32(31)), i32(-16)));
  const rowStep = f.let(op('i32.add', codesBytes, op('i32.shl', numbersBytes, i32(1))));
  const blocks = f.let(op('i32.div_u', groups, i32(activationGroup / group)));
  f.loop((again) => {
    const now = atMost(f, count, i32(wideRows));
    const to = f.let(rows);
    f.repeat(now, () => {
      const scales = f.let(op('i32.add', to, codesBytes));
      f.do(call(codeGroups, x, to, scales, op('i32.add', scales, numbersBytes), blocks));
      f.increase(x, op('i32.mul', codesBytes, i32(4 / width)));
      f.increase(to, rowStep);
    });
    const given = [rows, panels, op('i32.sub', now, i32(1)), groups, rowStep, codesBytes, numbersBytes];
    f.if(
      op('i32.gt_s', now, i32(narrow * 4)),
      () => f.do(call(interleaveWide as Callable, ...given)),
      () => f.do(call(interleaveNarrow as Callable, ...given)),
    );
    f.increase(panels, op('i32.mul', groups, i32(panelGroup(kind, wide).bytes)));
    f.increase(count, -wideRows);
    f.branchIf(again, op('i32.gt_s', count, i32(0)));
  });
}

/** Adds a function that writes a panel of rows that are codes; for those past the `last` one, that again. */
function addInterleave(module: ModuleBuilder, kind: CodedKind, vectors: number): Callable {
  const words = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  const f = module.function(`interleave${vectors}`, words, 'none');
  const [rows, target, last, groups, rowStep, codesBytes, numbersBytes] = f.arguments;
  for (let vector = 0; vector < vectors; vector++) {
    const pointers = [0, 1, 2, 3].map((lane) => {
      const row = i32(vector * 4 + lane);
      return f.let(op('i32.add', rows, op('i32.mul', rowStep, select(op('i32.lt_s', row, last), row, last))));
    });
    const begin = f.let(op('i32.add', target, i32(vector * 16)));
    for (const [lane, pointer] of pointers.entries())
      copyNumbers(f, kind, vectors, {
        from: f.let(op('i32.add', pointer, codesBytes)),
        to: f.let(op('i32.add', begin, i32(lane * 4))),
        groups,
        numbersBytes,
      });
    const part = panelGroup(kind, vectors);
    const groupBytes = kind.own.group * kind.width;
    f.repeat(groups, () => {
      for (let at = 0; at < groupBytes; at += 16) {
        const loaded = pointers.map((pointer) => f.let(memoryOp('v128.load', at, [pointer])));
        for (const [word, four] of transpose4(f, loaded).entries())
          f.store('v128.store', begin, four, part.codes + (at / 4 + word) * vectors * 16);
      }
      for (const pointer of pointers) f.increase(pointer, groupBytes);
      f.increase(begin, part.bytes);
    });
  }
  return f;
}

/** Copies what the groups of a row have beside codes. */
function copyNumbers(
  f: FunctionBuilder,
  kind: CodedKind,
  vectors: number,
  { from, to, groups, numbersBytes }: Readonly<Record<'from' | 'to' | 'groups' | 'numbersBytes', Local>>,
): void {
  const part = panelGroup(kind, vectors);
  f.repeat(groups, () => {
    f.store('i32.store', to, memoryOp('i32.load', 0, [from]), part.scales);
    const sum = memoryOp('i32.load', 0, [op('i32.add', from, numbersBytes)]);
    if (kind.own.minima) f.store('i32.store', to, sum, part.sums);
    else if (isCentred(kind)) f.store('i32.store', to, op('i32.sub', i32(0), sum));
    f.increase(from, 4);
    f.increase(to, part.bytes);
  });
}
