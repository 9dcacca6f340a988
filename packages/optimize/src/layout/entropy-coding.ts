/** Weights in files, entropy-coded: all arrays of one as one stream, where that takes fewer bytes. */
import type { RawTensor } from '@espalier/nn';
import { sizeOf, type EncodedSettings } from '@espalier/tensor';
import { decodeArrays, encodeArrays, type PackedCodes } from '../entropy/coded-arrays.ts';
import { numberFormat, plainFormat } from '../quantize/number-format.ts';
import { packEncoded } from './encoded-weight.ts';
import type { FileForm } from './file-form.ts';
import type { WeightDescription } from './materialize.ts';
import { sharedFormat } from './shared-weight.ts';
import { codesIn, entryBytes, type NamedArrays } from './weight-layout.ts';

/** The ending of the stream. */
export const codedEnding = '_coded';

/** A weight's arrays, or its stream where that is smaller. */
function code(arrays: NamedArrays, columns: number, codes: ReadonlyMap<string, PackedCodes>): NamedArrays {
  const plain = [...arrays.values()].reduce((sum, { bytes }) => sum + bytes.length + entryBytes, 0);
  const stream = encodeArrays(arrays, { columns, codes });
  if (stream.length + entryBytes >= plain) return arrays;
  return new Map([[codedEnding, { dtype: 'u8', shape: [stream.length], bytes: stream }]]);
}

/** The arrays of a weight in a layout, or its stream where that is smaller. */
export function codeLayout(weight: WeightDescription & { readonly arrays: NamedArrays }): NamedArrays {
  const { layout, format, bits = 8, shape, arrays } = weight;
  const own = format === sharedFormat ? bits : format === plainFormat ? 8 : numberFormat(format).bits;
  const [ending, count] = codesIn(layout, shape, arrays);
  return code(
    arrays,
    shape[0] === 0 ? 0 : sizeOf(shape.slice(1)),
    new Map(own < 8 ? [[ending, { bits: own, rows: 1, count }]] : []),
  );
}

/** Bits of the codes of formats that pack them, a row after the other. */
const packedBits: Readonly<Record<string, (settings: EncodedSettings) => number>> = {
  int4: () => 4,
  codebook: ({ bits }) => Number(bits),
  'int-n': ({ bits }) => Number(bits),
};

/** The arrays of a weight in a format, or its stream where that is smaller. */
export function codeEncoded(form: FileForm): NamedArrays {
  const { format, settings, shape } = form;
  const bits = packedBits[format.name]?.(settings) ?? 8;
  const [rows, count] = shape;
  return code(packEncoded(form), count, new Map(bits < 8 ? [['_codes', { bits, rows, count }]] : []));
}

/**
 * The arrays of a stream.
 * @throws {FormatError} naming it and the place, for one that was cut or changed, and for one of another weight.
 */
export function decodeWeight(name: string, { bytes }: RawTensor, shape: readonly number[]): NamedArrays {
  const elements = sizeOf(shape);
  // What formats have for each weight, and beside all of them; a file must not ask for more than that.
  return decodeArrays(`${name}${codedEnding}`, bytes, { elements, bytes: 64 * elements + 2 ** 16 });
}
