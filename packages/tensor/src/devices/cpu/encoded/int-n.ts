/** Products with codes of 1 to 8 bits in groups: in whole numbers for few rows of x, else decoded. */
import { codeBytes, groupedCodes, groupedParts, stepColumns, type GroupedPart } from '../../../kernel/grouped-codes.ts';
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { decodedCalls, type Decoder } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { groupedKernels } from './int-n-kernels.ts';
import { fitsPlanes, groupedPlaneKernels, isPaired } from './int-n-planes.ts';
import { scaleBytes } from './int-n-scales.ts';
import { mostLost, planesCalls } from './planes-product.ts';
import { planeKernels } from './planes.ts';

/** From this many rows of x on, the blocked product of what was decoded is faster. */
const manyRows = 7;

/** The rule of the layout. */
export const intNRule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const { walks, m, activations, columns } = spec;
    const own = groupedCodes(spec.settings);
    const exact = decodedCalls(spec, engine, decoderOf(spec, engine));
    // Columns of a last group that is shorter are added one by one.
    const isWhole = columns >= own.group && (columns % own.group) * 16 <= columns;
    return walks === 'columns' && m < manyRows && activations === 'f32' && fitsPlanes(own) && isWhole
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
  return {
    rowsOf: [
      { rowBytes: steps[0] as number, bits: own.bits },
      { rowBytes: steps[1] as number, bits: (8 * scaleBytes[own.scales]) / own.group },
    ],
    decode: (parts, { row, rows, column, columns }, target) =>
      decode(...addresses(parts, row), ...steps, rows, column, columns, target),
  };
}

function planes(spec: EncodedMatmulSpec, engine: Engine, exact: Calls): Calls {
  const { rows, columns } = spec;
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
    multiply: (x, parts, y) => {
      sumGroups(x.planes, x.scales, x.extra, groups, pairs);
      multiply(x.planes, x.scales, x.extra, ...addresses(parts, 0), y, rows, groups, ...steps);
    },
    addColumns: (parts, y, list, count) => addColumns(...addresses(parts, 0), ...steps, rows, list, count, y),
  });
}
