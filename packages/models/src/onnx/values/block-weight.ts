/** The weight of `MatMulNBits`: rows of codes of 4 or 8 bits in blocks, as ONNX Runtime lays them out. */
import type { CodedWeight } from '../../quantized/coded-weight.ts';
import type { OnnxTensor } from './value.ts';

/** A node, as far as its weight is concerned. */
export interface BlockNode {
  readonly attribute: (name: string) => number;
  readonly input: (index: number) => OnnxTensor | undefined;
  readonly refuse: (problem: string) => never;
}

/** Bits that there is a reader for. */
const knownBits: ReadonlySet<number> = new Set([4, 8]);

/** Reads the weight; what does not fit is refused by the node. */
export function blockWeight({ attribute, input, refuse }: BlockNode): CodedWeight {
  const [columns, rows, bits, group] = [
    attribute('K'),
    attribute('N'),
    attribute('bits') || 4,
    attribute('block_size'),
  ];
  if (!knownBits.has(bits)) refuse(`has codes of ${bits} bits; of 4 and 8 bits they are read here`);
  if (!(group >= 16 && Math.log2(group) % 1 === 0))
    refuse(`has blocks of ${group}; they are powers of two, of at least 16`);
  if (!(columns >= 1 && rows >= 1)) refuse(`is of ${rows} rows of ${columns}`);
  if (input(4)) refuse('has an order of groups (g_idx), which is not read here');
  const [codes, scales, zeros] = [input(1), input(2), input(3)];
  const groups = Math.ceil(columns / group);
  const each = (group * bits) / 8;
  if (codes?.type !== 'u8' || codes.size !== rows * groups * each) return refuse(`has codes ${codes?.shape.join(' x ') ?? 'none'}; they must be ${rows} x ${groups} x ${each} bytes`); // prettier-ignore
  if (scales?.size !== rows * groups) return refuse(`has ${scales?.size ?? 0} scales; there must be ${rows * groups}`);
  const zeroBytes = Math.ceil((groups * bits) / 8);
  if (zeros && (zeros.type !== 'u8' || zeros.size !== rows * zeroBytes)) refuse(`has zero points that are not ${rows} x ${zeroBytes} bytes`); // prettier-ignore
  return {
    shape: [rows, columns],
    bits,
    group,
    codes: unpacked(codes.numbers(), rows, groups * group, bits, columns),
    scales: Float32Array.from(scales.numbers()),
    ...(zeros && { zeros: unpacked(zeros.numbers(), rows, zeroBytes * (8 / bits), bits, groups) }),
  };
}

/** Codes of rows that each fill whole bytes, the lowest bits first; the first `kept` of each. */
function unpacked(
  bytes: readonly number[],
  rows: number,
  width: number,
  bits: number,
  kept: number,
): Uint8Array<ArrayBuffer> {
  const codes = new Uint8Array(rows * kept);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < kept; column++) {
      const at = row * width + column;
      const byte = bytes[(at * bits) >> 3] as number;
      codes[row * kept + column] = bits === 8 ? byte : (byte >> ((at & 1) * 4)) & 15;
    }
  return codes;
}
