/** Products with codes of 1 to 8 bits in groups: in whole numbers for few rows of x, else decoded. */
import { codeBytes, groupedCodes, groupedParts, stepColumns, type GroupedPart } from '../../../kernel/grouped-codes.ts';
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { activationGroup, isGrouped } from '../../../kernel/activations.ts';
import { addressesOf, decodedCalls, rowsOfResult, type Decode, type Decoder } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { groupedKernels } from './int-n-kernels.ts';
import { fitsPlanes, groupedPlaneKernels, isPaired } from './int-n-planes.ts';
import { scaleBytes } from './int-n-scales.ts';
import { codesTogether } from './int-n-codes.ts';
import { codedKind, type CodedKind } from './int-n-bytes.ts';
import { bytesOfNumbers, bytesOfSums, codedRowsKernels, scratchBytes } from './int-n-rows.ts';
import { codedRowsBytes, panelsBytes, wideRows } from './int-n-panels.ts';
import { stripBytes, stripKernels } from './int-n-strips.ts';
import { turnedKernels } from './int-n-turned.ts';
import { rowsOfX } from './rows-of-x.ts';
import { mostLost, planesCalls, rowUnits } from './planes-product.ts';
import { planeKernels } from './planes.ts';

/** Whether the blocked product of what was decoded is no slower: of these rows of x, its tile takes five as eight. */
const areMany = (m: number): boolean => m === 4 || m >= 6;
/** From this many rows of codes on, they are faster as panels. */
const manyCodedRows = 3;

/** The rule of the layout. */
export const intNRule: EncodedRule = {
  accepts: () => true,
  takesGroups: ({ walks, columns, settings }) => {
    const { group, zeros, scales } = groupedCodes(settings);
    const isShort = scales === 'f16' || scales === 'i8';
    const isWhole = columns % activationGroup === 0 && group >= codesTogether && group <= activationGroup;
    return walks === 'columns' && isWhole && isShort && !zeros;
  },
  calls: (spec, engine) => {
    const { walks, m, activations, columns } = spec;
    const own = groupedCodes(spec.settings);
    if (isGrouped(activations)) {
      const inPanels = m >= manyCodedRows;
      return (inPanels ? codedPanels : codedRows)(spec, engine, codedKind(own, { activations, inPanels }));
    }
    const exact = decodedCalls(spec, engine, decoderOf(spec, engine));
    // Columns of a last group that is shorter are added one by one.
    const isWhole = columns >= own.group && (columns % own.group) * 16 <= columns;
    return walks === 'columns' && !areMany(m) && activations === 'f32' && fitsPlanes(own) && isWhole
      ? planes(spec, engine, exact)
      : exact;
  },
};

/** The arrays of rows: where they are, among those of the spec, and bytes from one row to the next. */
function arraysOf({ settings, columns }: EncodedMatmulSpec): {
  readonly addresses: (parts: readonly number[], row: number) => number[];
  readonly steps: readonly number[];
} {
  const own = groupedCodes(settings);
  const groups = Math.ceil(columns / own.group);
  const places = groupedParts(own);
  const width = scaleBytes[own.scales];
  const stepStep = Math.ceil((groups * own.group) / stepColumns) * 2;
  const steps = [codeBytes(own, columns), groups * width, own.zeros ? groups : groups * width, stepStep];
  const [codeStep = 0, scaleStep = 0, otherStep = 0] = steps;
  const others: GroupedPart = own.zeros ? 'zeros' : 'minima';
  const rows: readonly (readonly [GroupedPart, number])[] = [
    ['codes', codeStep],
    ['scales', scaleStep],
    [others, otherStep],
    ['steps', stepStep],
    ['minimumSteps', stepStep],
    ['table', 0],
  ];
  return {
    steps,
    addresses: (parts, row) => rows.map(([part, step]) => (parts[places.indexOf(part)] ?? 0) + row * step),
  };
}

function decoderOf(spec: EncodedMatmulSpec, engine: Engine): Decoder {
  const own = groupedCodes(spec.settings);
  const { decode } = groupedKernels(engine, own);
  const { addresses, steps } = arraysOf(spec);
  // Blocks of a depth begin where groups do, or within one.
  const isTurned = own.group >= codesTogether;
  return {
    rowsOf: [
      { rowBytes: steps[0] as number, bits: own.bits },
      { rowBytes: steps[1] as number, bits: (8 * scaleBytes[own.scales]) / own.group },
    ],
    decode: (parts, { row, rows, column, columns }, target) =>
      decode(...addresses(parts, row), ...steps, rows, column, columns, target),
    ...(isTurned && { panel: { columns: codesTogether, write: panelWriter(spec, engine) } }),
  };
}

function panelWriter(spec: EncodedMatmulSpec, engine: Engine): Decode {
  const { panel } = turnedKernels(engine, groupedCodes(spec.settings));
  const { addresses, steps } = arraysOf(spec);
  return (parts, { row, column, columns }, target) =>
    void panel(...addresses(parts, row), ...steps, column, columns, target);
}

function planes(spec: EncodedMatmulSpec, engine: Engine, exact: Calls): Calls {
  const { columns } = spec;
  const own = groupedCodes(spec.settings);
  const groups = Math.floor(columns / own.group);
  const pairs = Math.ceil(groups / 2);
  const { addColumns } = groupedKernels(engine, own);
  const { sumGroups, multiply } = groupedPlaneKernels(engine, { own, rest: groups % 4 });
  const { inOrder, inPairs } = planeKernels(engine);
  const { addresses, steps } = arraysOf(spec);
  return planesCalls(spec, engine, exact, {
    layout: isPaired(own) ? inPairs : inOrder,
    whole: groups * own.group,
    block: own.group * 2,
    extraBytes: pairs * 16,
    most: mostLost(columns),
    prepare: (x) => void sumGroups(x.planes, x.scales, x.extra, groups, pairs),
    multiply: (x, parts, y, { row, rows }) =>
      multiply(x.planes, x.scales, x.extra, ...addresses(parts, row), y, rows, groups, ...steps),
    addColumns: (parts, y, list, count, { row, rows }) =>
      addColumns(...addresses(parts, row), ...steps, rows, list, count, y),
  });
}

/** Few rows of x, rounded to codes. */
function codedRows(spec: EncodedMatmulSpec, engine: Engine, kind: CodedKind): Calls {
  const { columns, m } = spec;
  const { own } = kind;
  const groups = columns / own.group;
  const { codeGroups, multiply } = codedRowsKernels(engine, { ...kind, rest: groups % 4 });
  const { addresses, steps } = arraysOf(spec);
  const x = rowsOfX(spec, engine, 'f32');
  const out = rowsOfResult(spec, engine);
  const units = rowUnits(spec);
  const scalesAt = x.bytes + columns * kind.width;
  const sumsAt = scalesAt + bytesOfNumbers(groups);
  const scratchAt = sumsAt + bytesOfSums(kind, groups);
  engine.reserve(scratchAt + scratchBytes, 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const ofX = [address + x.bytes, address + scalesAt, address + sumsAt] as const;
    for (let i = 0; i < m; i++) {
      codeGroups(from + i * columns * 4, ...ofX, columns / activationGroup);
      for (const [unit, { row, rows }] of units.entries())
        engine.serve(unit, 1, () => {
          const y = to + i * out.step + row * 4;
          multiply(...ofX, address + scratchAt, ...addresses(parts, row), y, rows, groups, ...steps);
        });
    }
  };
}

/** Bytes of panels that strips of the matrix meet one after the other: they stay in the second-level cache. */
const panelsTogether = 2 ** 18;

/** Several rows of x, rounded to codes: as panels, which strips of the matrix meet. */
function codedPanels(spec: EncodedMatmulSpec, engine: Engine, own: CodedKind): Calls {
  const { columns, m } = spec;
  const groups = columns / own.own.group;
  const kind = { ...own, rest: groups % 4 };
  const { codePanels, multiply } = stripKernels(engine, kind);
  const { addresses, steps } = arraysOf(spec);
  const x = rowsOfX(spec, engine, 'f32');
  const out = rowsOfResult(spec, engine);
  const units = rowUnits(spec);
  const ofWide = panelsBytes(kind, groups, wideRows);
  const together = Math.min(m, wideRows * Math.max(1, Math.floor(panelsTogether / ofWide)));
  const rowsAt = x.bytes + panelsBytes(kind, groups, together);
  const scratchAt = rowsAt + codedRowsBytes(kind, groups);
  engine.reserve(scratchAt + stripBytes(kind, together), 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const panels = address + x.bytes;
    for (let i = 0; i < m; i += together) {
      const count = Math.min(together, m - i);
      const first = (i / together) * units.length;
      engine.serve(first, units.length, () =>
        codePanels(from + i * columns * 4, panels, address + rowsAt, count, groups),
      );
      for (const [unit, { row, rows }] of units.entries())
        engine.serve(first + unit, 1, () => {
          const y = to + i * out.step + row * 4;
          multiply(panels, count, address + scratchAt, ...addresses(parts, row), y, rows, groups, ...steps, out.step);
        });
    }
  };
}
