/** Products with codes of 4 bits: in whole numbers for few rows of x, else decoded. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';
import { decodedProgram, type Decode } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { chunkColumns, int4Kernels } from './int4-kernels.ts';
import { mostLost, planesProgram } from './planes-product.ts';
import { planeKernels } from './planes.ts';

/** From this many rows of x on, the blocked product of what was decoded is faster: 10 at 2048². */
const manyRows = 10;
/** Groups of more columns could overflow i32; those of fewer than a chunk share one. */
const [leastGroup, mostGroup] = [chunkColumns, 4096];

/** The rule of the layout. */
export const int4Rule: EncodedRule = {
  accepts: () => true,
  compile: (spec, engine) => {
    const { walks, m, activations, columns } = spec;
    const { group, groups, codeStep } = settingsOf(spec);
    const exact = decodedProgram(spec, engine, decodeInt4(spec, engine), [
      { rowBytes: codeStep, bits: 4 },
      { rowBytes: groups * 4, bits: 32 / group },
    ]);
    const isWhole = group >= leastGroup && group <= mostGroup && columns >= chunkColumns;
    return walks === 'columns' && m < manyRows && activations === 'f32' && isWhole
      ? int4Planes(spec, engine, exact)
      : exact;
  },
};

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

function decodeInt4(spec: EncodedMatmulSpec, engine: Engine): Decode {
  const { decodeInt4: decode } = int4Kernels(engine);
  const { group, groups, hasZeros, codeStep } = settingsOf(spec);
  return ([codes = 0, scales = 0, zeros = 0], { row, rows, column, columns }, target) => {
    const [from, ofGroups] = [codes + row * codeStep, scales + row * groups * 4];
    const zero = hasZeros ? zeros + row * groups : 0;
    decode(from, ofGroups, zero, rows, column, columns, codeStep, groups, Math.log2(group), target);
  };
}

function int4Planes(spec: EncodedMatmulSpec, engine: Engine, exact: Program): Program {
  const { rows, columns } = spec;
  const { group, groups, hasZeros, codeStep } = settingsOf(spec);
  const kernels = int4Kernels(engine);
  const [chunks, perGroup] = [Math.floor(columns / chunkColumns), group / chunkColumns];
  const multiply = hasZeros ? kernels.planesWithZeros : kernels.planesInt4;
  return planesProgram(spec, engine, exact, {
    layout: planeKernels(engine).inFours,
    whole: chunks * chunkColumns,
    block: group,
    // Scales of either plane, and in `extra` its sums, for each group.
    scaleBytes: 8,
    extraBytes: groups * 32,
    most: mostLost(columns),
    scaleWriter: (address) => {
      const scales = new Float32Array(engine.memory.memory.buffer, address, groups * 2);
      return (block, scale) => {
        scales[2 * block] = scale * 65536;
        scales[2 * block + 1] = scale;
      };
    },
    multiply: ({ planes, scales: xScales, extra }, [codes = 0, scales = 0, zeros = 0], y) => {
      kernels.sumPlanes(planes, extra, chunks, perGroup, hasZeros ? 1 : 8);
      multiply(planes, xScales, extra, codes, scales, y, rows, chunks, perGroup, codeStep, groups * 4, zeros);
    },
    addColumns: ([codes = 0, scales = 0, zeros = 0], y, list, count) =>
      void kernels.addColumns(list, count, codes, scales, zeros, y, rows, codeStep, groups, Math.log2(group)),
  });
}
