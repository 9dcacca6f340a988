/** Products with codes of 8 bits: in whole numbers for few rows of x or activations of 8 bits, else decoded. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { gemmKernels, packDense, planGemm, roundUp } from '../gemm/gemm.ts';
import { addressesOf, decodedCalls, rowsOfResult, type Decoder } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { int8Kernels, planeBlock } from './int8-kernels.ts';
import { hasWholeRows, int8Rows } from './int8-rows.ts';
import { panelKernels } from './panels.ts';
import { mostLost, planesCalls } from './planes-product.ts';
import { planeKernels } from './planes.ts';
import { roundingKernels } from './rounding.ts';
import { rowsOfX, type PlacedX } from './rows-of-x.ts';

/** Sums of so many products of two codes fit i32. */
const mostColumns = 131072;
/** From this many rows of x on, the blocked product of what was decoded is no slower: 8 at 512² and 2048². */
const manyRows = 8;
/** The same for rows of codes, whose blocked product does twice as much a cycle: 8 at 2048². */
const manyCodedRows = 8;

/** The rule of the layout. */
export const int8Rule: EncodedRule = {
  accepts: () => true,
  takesCodes: ({ walks, columns }) => walks === 'columns' && columns <= mostColumns,
  calls: (spec, engine) => {
    const { walks, columns, m, activations } = spec;
    if (activations === 'codes') return m < manyCodedRows ? codesProgram(spec, engine) : codesProduct(spec, engine);
    const exact = decodedCalls(spec, engine, decoderOf(spec, engine));
    const isFew = m < manyRows && activations === 'f32';
    if (walks === 'rows') return isFew && hasWholeRows(spec) ? int8Rows(spec, engine, scaleStepOf(spec), exact) : exact;
    if (activations === 'int8' && columns <= mostColumns)
      return m < manyCodedRows ? codesProgram(spec, engine) : codesProduct(spec, engine);
    return isFew ? int8Planes(spec, engine, exact) : exact;
  },
};

const scaleStepOf = ({ settings }: EncodedMatmulSpec): number => (settings['scales'] === 'matrix' ? 0 : 4);

function decoderOf(spec: EncodedMatmulSpec, engine: Engine): Decoder {
  const { decodeInt8 } = int8Kernels(engine);
  const { panelInt8 } = panelKernels(engine);
  const { columns: step } = spec;
  const scaleStep = scaleStepOf(spec);
  return {
    rowsOf: [{ rowBytes: step, bits: 8 }],
    decode: ([codes = 0, scales = 0], { row, rows, column, columns }, target) =>
      void decodeInt8(codes + row * step + column, scales + row * scaleStep, rows, columns, step, scaleStep, target),
    panel: {
      columns: 8,
      write: ([codes = 0, scales = 0], { row, column, columns }, target) =>
        void panelInt8(codes + row * step + column, scales + row * scaleStep, columns, step, scaleStep, target),
    },
  };
}

/** Few rows of x, as whole numbers of 31 bits. */
function int8Planes(spec: EncodedMatmulSpec, engine: Engine, exact: Calls): Calls {
  const { columns } = spec;
  const { planesInt8, addColumns } = int8Kernels(engine);
  const scaleStep = scaleStepOf(spec);
  const whole = columns - (columns % 8);
  const from = ([codes = 0, scales = 0]: readonly number[], row: number): [number, number] => [
    codes + row * columns,
    scales + row * scaleStep,
  ];
  return planesCalls(spec, engine, exact, {
    layout: planeKernels(engine).inOrder,
    whole,
    block: planeBlock,
    extraBytes: 0,
    most: mostLost(columns),
    multiply: ({ planes, scales }, parts, y, { row, rows }) =>
      planesInt8(planes, scales, ...from(parts, row), y, rows, whole / 8, columns, scaleStep, 0, 0),
    addColumns: (parts, y, list, count, { row, rows }) =>
      addColumns(list, count, ...from(parts, row), y, rows, columns, scaleStep),
  });
}

/** x in rows, each of which `codeRow(x, codes, count, scale)` brings into codes, i16, with their scale. */
function codedRows(
  spec: EncodedMatmulSpec,
  engine: Engine,
): PlacedX & { readonly rowBytes: number; readonly codeRow: WasmFunction } {
  const { codeRow, widenRow } = roundingKernels(engine);
  return spec.activations === 'codes'
    ? { ...rowsOfX(spec, engine), rowBytes: spec.columns, codeRow: widenRow }
    : { ...rowsOfX(spec, engine, 'f32'), rowBytes: spec.columns * 4, codeRow };
}

/** Few rows of x, as codes of 8 bits. */
function codesProgram(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { rows, columns, m } = spec;
  const { codesInt8 } = int8Kernels(engine);
  const { spreadScale } = roundingKernels(engine);
  const x = codedRows(spec, engine);
  const out = rowsOfResult(spec, engine);
  const scaleStep = scaleStepOf(spec);
  const [whole, rest] = [columns - (columns % 8), columns % 8];
  const scalesAt = x.bytes + roundUp(columns * 2, 16);
  const blocks = Math.ceil(columns / planeBlock);
  const tailAt = scalesAt + blocks * 8;
  engine.reserve(tailAt + 64, 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, [codes = 0, scales = 0]] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const [planes, ofBlocks, tail] = [address + x.bytes, address + scalesAt, address + tailAt];
    const scale = tail + rest * 8;
    for (let i = 0; i < m; i++) {
      x.codeRow(from + i * x.rowBytes, planes, columns, scale);
      spreadScale(scale, ofBlocks, blocks, planes + whole * 2, tail, rest);
      const y = to + i * out.step;
      codesInt8(planes, ofBlocks, codes, scales, y, rows, whole / 8, columns, scaleStep, tail, rest);
    }
  };
}

/** Many rows of x, as codes of 8 bits: the blocked product, of pairs of codes instead of numbers. */
function codesProduct(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { rows, columns, m } = spec;
  const { multiplyPairs, panelPairs, widenInt8, scaleSums } = int8Kernels(engine);
  const gemm = gemmKernels(engine);
  const x = codedRows(spec, engine);
  const out = rowsOfResult(spec, engine);
  const pairs = Math.ceil(columns / 2);
  const codesAt = x.bytes;
  const scalesAt = codesAt + roundUp(m * pairs * 4, 16);
  const widenedAt = scalesAt + roundUp(m * 4, 16);
  const lanes = gemm.tile.columns;
  const gemmAt = widenedAt + lanes * pairs * 4;
  let [widened, codes] = [0, 0];
  const plan = planGemm(
    engine,
    { ...gemm, multiply: multiplyPairs },
    { m, n: rows, k: pairs, a: { rowStep: pairs * 4, columnStep: 4 }, cRowStep: out.step },
    (_, j, width, p, depth, target) => {
      for (let at = 0; at < width; at += lanes) {
        const count = Math.min(lanes, width - at);
        const deep = Math.min(depth * 2, columns - p * 2);
        const [from, to] = [codes + (j + at) * columns + p * 2, target + at * depth * 4];
        if (count === lanes) {
          panelPairs(from, deep, columns, to);
          continue;
        }
        widenInt8(from, count, deep, columns, widened, depth * 4);
        packDense(gemm, { rowStep: 4, columnStep: depth * 4 })(widened, 0, count, 0, depth, to);
      }
    },
    Infinity,
  );
  engine.reserve(gemmAt + plan.workspaceBytes, 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    widened = address + widenedAt;
    codes = parts[0] ?? 0;
    const scales = address + scalesAt;
    for (let i = 0; i < m; i++)
      x.codeRow(from + i * x.rowBytes, address + codesAt + i * pairs * 4, columns, scales + i * 4);
    engine.undivided(() => plan.run(address + gemmAt, address + codesAt, 0, to));
    scaleSums(to, m, rows, out.step, scales, parts[1] ?? 0, scaleStepOf(spec));
  };
}
