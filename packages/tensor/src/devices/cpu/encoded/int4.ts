/** Products with codes of 4 bits: in whole numbers for few rows of x, else decoded. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { decodedCalls, type Decoder } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { int4Kernels } from './int4-kernels.ts';
import { chunkColumns, int4PlaneKernels } from './int4-planes.ts';
import { panelKernels } from './panels.ts';
import { mostLost, planesCalls } from './planes-product.ts';
import { planeKernels } from './planes.ts';

/** From this many rows of x on, the blocked product of what was decoded is faster: 7 at 512² and 2048². */
const manyRows = 7;
/** Groups of more columns could overflow i32. */
const mostGroup = 4096;
/** Groups of up to so many columns add up four side by side: to scale each on its own would take a third of the time. */
const mostSideBySide = 64;

/** The rule of the layout. */
export const int4Rule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const { walks, m, activations, columns } = spec;
    const { group } = settingsOf(spec);
    const exact = decodedCalls(spec, engine, decoderOf(spec, engine));
    const lanes = lanesOf(group, columns);
    return walks === 'columns' && m < manyRows && activations === 'f32' && lanes !== undefined
      ? int4Planes(spec, engine, exact, lanes)
      : exact;
  },
};

/** How many groups add up side by side; undefined where chunks are not of one group. */
function lanesOf(group: number, columns: number): 1 | 4 | undefined {
  if (group <= mostSideBySide && columns % (group * 4) === 0) return 4;
  return group >= chunkColumns && group <= mostGroup && columns >= chunkColumns ? 1 : undefined;
}

function settingsOf({ settings, columns }: EncodedMatmulSpec): {
  readonly group: number;
  readonly groups: number;
  readonly hasZeros: boolean;
  readonly codeStep: number;
} {
  const group = Number(settings['group']);
  const groups = Math.ceil(columns / group);
  return { group, groups, hasZeros: settings['zeros'] === true, codeStep: Math.ceil(columns / 2) };
}

/** Where the arrays of a row begin. */
function arraysOf(spec: EncodedMatmulSpec): (parts: readonly number[], row: number) => [number, number, number] {
  const { groups, hasZeros, codeStep } = settingsOf(spec);
  return ([codes = 0, scales = 0, zeros = 0], row) => [
    codes + row * codeStep,
    scales + row * groups * 4,
    hasZeros ? zeros + row * groups : 0,
  ];
}

function decoderOf(spec: EncodedMatmulSpec, engine: Engine): Decoder {
  const { decodeInt4 } = int4Kernels(engine);
  const { panelInt4 } = panelKernels(engine);
  const { group, groups, codeStep } = settingsOf(spec);
  const bits = Math.log2(group);
  const from = arraysOf(spec);
  return {
    rowsOf: [
      { rowBytes: codeStep, bits: 4 },
      { rowBytes: groups * 4, bits: 32 / group },
    ],
    decode: (parts, { row, rows, column, columns }, target) =>
      void decodeInt4(...from(parts, row), rows, column, columns, codeStep, groups, bits, target),
    panel: {
      columns: 16,
      write: (parts, { row, column, columns }, target) =>
        void panelInt4(...from(parts, row), column, columns, codeStep, groups, bits, target),
    },
  };
}

function int4Planes(spec: EncodedMatmulSpec, engine: Engine, exact: Calls, lanes: 1 | 4): Calls {
  const { columns } = spec;
  const from = arraysOf(spec);
  const { group, groups, hasZeros, codeStep } = settingsOf(spec);
  const { addColumns } = int4Kernels(engine);
  const { sumPlanes, multiply } = int4PlaneKernels(engine, { group, hasZeros, lanes });
  const { inFours, inGroups } = planeKernels(engine);
  const chunks = Math.floor(columns / chunkColumns);
  const units = Math.ceil(groups / lanes);
  return planesCalls(spec, engine, exact, {
    layout: lanes === 1 ? inFours : inGroups,
    whole: chunks * chunkColumns,
    block: group * lanes,
    // Scales of either plane, and in `extra` its sums, for each unit.
    extraBytes: units * 32,
    most: mostLost(columns),
    prepare: ({ planes, extra }) => void sumPlanes(planes, extra, chunks, hasZeros ? 1 : 8),
    multiply: ({ planes, scales, extra }, parts, y, { row, rows }) =>
      multiply(planes, scales, extra, ...from(parts, row), y, rows, chunks, codeStep, groups * 4),
    addColumns: (parts, y, list, count, { row, rows }) =>
      addColumns(list, count, ...from(parts, row), y, rows, codeStep, groups, Math.log2(group)),
  });
}
