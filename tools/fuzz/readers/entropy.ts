/** Reads streams of symbols and of weights in entropy codes; half of the mutants have a checksum that is right. */
import { crc32 } from 'node:zlib';
import { build, type Module, type RawTensor } from '@espalier/nn';
import {
  cluster,
  decodeSymbols,
  encode,
  encodeSymbols,
  packWeights,
  prune,
  runRecipe,
  unpackWeights,
  type ModelWeights,
  type Step,
} from '@espalier/optimize';
import type { Random } from '../engine/random.ts';
import type { Reader } from '../engine/reader.ts';

/** The same bytes with the checksum of those before it. */
function mend(input: Uint8Array, random: Random): Uint8Array {
  if (input.length < 4 || random.chance(0.5)) return input;
  const mended = Buffer.from(input);
  mended.writeUInt32LE(crc32(mended.subarray(0, -4)), mended.length - 4);
  return mended;
}

/** Streams of symbols. */
export const symbolsReader: Reader = {
  name: 'symbols',
  seeds: async () => [
    encodeSymbols(new Uint8Array(0)),
    encodeSymbols(new Uint8Array(40).fill(3)),
    encodeSymbols(Uint8Array.from({ length: 300 }, (_, index) => (index * index) % 23)),
    encodeSymbols(Uint8Array.from({ length: 256 }, (_, index) => index)),
  ],
  mutate: 'bytes',
  mend,
  read: (input) => void decodeSymbols('symbols', input, 4096),
};

const steps: readonly (readonly Step[])[] = [
  [prune({ sparsity: 0.95 }), cluster({ bits: 3 })],
  [prune({ sparsity: 0.7 })],
  [cluster({ bits: 2 })],
  [encode({ format: 'int-n', options: { bits: 3 } })],
  [encode({ format: 'csr' })],
  [encode({ format: 'bitmask' })],
];

const make = (): Module => build({ type: 'linear', in: 48, out: 40, bias: false }, { seed: 1 });
const ending = 'weight_coded';

/** Files of one weight, by what stands in the first byte of an input. */
let files: readonly ModelWeights[] = [];

/** Weights in entropy codes: an input is the number of a file, and the stream in it. */
export const codedWeightsReader: Reader = {
  name: 'coded-weights',
  seeds: async () => {
    const made = await Promise.all(steps.map(async (each) => (await runRecipe(make(), each)).model));
    const packed = await Promise.all(made.map((model) => packWeights(model, { entropy: true })));
    files = packed.filter(({ tensors }) => tensors.has(ending));
    return files.map(({ tensors }, number) =>
      Buffer.concat([Uint8Array.of(number), (tensors.get(ending) as RawTensor).bytes]),
    );
  },
  mutate: 'bytes',
  mend: (input, random) => Buffer.concat([input.subarray(0, 1), mend(input.subarray(1), random)]),
  read: (input) => {
    const file = files.at((input[0] ?? 0) % files.length);
    if (!file) return;
    const bytes = Uint8Array.from(input.subarray(1));
    const tensors = new Map(file.tensors).set(ending, { dtype: 'u8', shape: [bytes.length], bytes });
    const model = make();
    try {
      unpackWeights('coded-weights', model, { ...file, tensors });
    } finally {
      model.dispose();
    }
  },
};
