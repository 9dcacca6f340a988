/** Weights that a file has in codes, so that layers keep them so. */
import { int8, matrixFromArrays, type Device, type EncodedMatrix, type Shape } from '@espalier/tensor';
import { matrixOfWeight } from '../../quantized/coded-weight.ts';
import type { GraphNode } from '../run/graph.ts';
import type { OnnxTensor, Value } from '../values/value.ts';

/** What `DequantizeLinear` made a constant of. */
export interface CodedConstant {
  readonly codes: OnnxTensor;
  readonly scale: OnnxTensor;
  readonly zero: OnnxTensor | undefined;
  readonly axis: number;
  readonly block: number;
}

/** Constants by their names that were made of codes: what nodes over constants tell. */
export class CodedConstants {
  readonly #known = new Map<string, CodedConstant>();

  /** Notes what a node over constants makes of them. */
  note(node: GraphNode, values: readonly (Value | undefined)[]): void {
    const [codes, scale, zero] = values;
    const [output = ''] = node.outputs;
    if (node.domain !== '' || codes?.kind !== 'tensor') return;
    const known = this.#known.get(node.inputs[0] ?? '');
    // Codes that are laid out anew are the rows that they were: how many each has, the layer says.
    if (node.type === 'Reshape' && known) this.#known.set(output, known);
    if (node.type !== 'DequantizeLinear' || scale?.kind !== 'tensor' || (zero && zero.kind !== 'tensor')) return;
    const rank = codes.shape.length;
    const given = node.attributes.get('axis') ?? 1;
    const block = node.attributes.get('block_size') ?? 0;
    if (typeof given !== 'number' || typeof block !== 'number' || rank < 2) return;
    this.#known.set(output, { codes, scale, zero, axis: given < 0 ? given + rank : given, block });
  }

  /**
   * The constant as the matrix of a weight whose rows are its first axis, or, turned, its second; undefined where it is of no
   * codes, or of such that the engine has no format for.
   */
  matrix(name: string, weight: Shape, turned: boolean, device: Device): EncodedMatrix | undefined {
    const known = this.#known.get(name);
    return known && matrixOf(known, weight, turned, device);
  }
}

const bitsOf: Readonly<Record<string, number>> = { i8: 8, u8: 8, i4: 4, u4: 4 };

function matrixOf(
  { codes, scale, zero, axis, block }: CodedConstant,
  weight: Shape,
  turned: boolean,
  device: Device,
): EncodedMatrix | undefined {
  const bits = bitsOf[codes.type];
  const [rows = 1, ...rest] = weight;
  const columns = rest.reduce((product, size) => product * size, 1);
  if (bits === undefined || rows * columns !== codes.size || columns === 0) return undefined;
  const ofRows = turned ? 1 : 0;
  const isOne = scale.size === 1;
  if (block === 0 ? !isOne && (axis !== ofRows || scale.size !== rows) : axis !== 1 - ofRows) return undefined;
  if (turned && (codes.shape.length !== 2 || weight.length !== 2)) return undefined;
  const group = block === 0 ? columns : block;
  const groups = Math.ceil(columns / group);
  if (!isOne && scale.size !== rows * groups) return undefined;
  if (block > 0 && groups > 1 && !(block >= 16 && Math.log2(block) % 1 === 0)) return undefined;
  const arranged = (values: OnnxTensor, width: number): Float64Array => inRows(values.numbers(), rows, width, turned);
  const numbers = arranged(codes, columns);
  const scales = spread(scale, rows, groups, turned);
  // Unsigned, as they are laid out here: signed codes are lifted, and their zero points with them.
  const half = 2 ** (bits - 1);
  const lift = codes.type.startsWith('i') ? half : 0;
  const zeros = zero && spread(zero, rows, groups, turned).map((each) => each + lift);
  const middle = zeros ? zeros.every((each) => each === half) : lift === half;
  if (bits === 8 && groups === 1 && middle && scales.every((each) => each > 0 && each < Infinity))
    return matrixFromArrays(
      int8,
      [rows, columns],
      {
        settings: { scales: isOne ? 'matrix' : 'row' },
        arrays: {
          codes: { dtype: 'i8', shape: [rows, columns], data: Int8Array.from(numbers, (code) => code + lift - half) },
          scales: {
            dtype: 'f32',
            shape: [isOne ? 1 : rows],
            data: Float32Array.from(isOne ? scales.slice(0, 1) : scales),
          },
        },
      },
      { device },
    );
  if (scales.some((each) => !Number.isFinite(each))) return undefined;
  return matrixOfWeight(
    {
      shape: [rows, columns],
      bits,
      group,
      codes: Uint8Array.from(numbers, (code) => code + lift),
      scales: Float32Array.from(scales),
      ...(!middle && { zeros: Uint8Array.from(zeros ?? scales.map(() => lift)) }),
    },
    { device },
  );
}

/** One number for each group of each row. */
function spread(values: OnnxTensor, rows: number, groups: number, turned: boolean): Float64Array {
  const numbers = values.numbers();
  if (numbers.length === 1) return new Float64Array(rows * groups).fill(numbers[0] as number);
  return inRows(numbers, rows, groups, turned);
}

/** [rows, width], of what is so or the other way round. */
function inRows(numbers: readonly number[], rows: number, width: number, turned: boolean): Float64Array {
  if (!turned) return Float64Array.from(numbers);
  const found = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) found[row * width + column] = numbers[column * rows + row] as number;
  return found;
}
