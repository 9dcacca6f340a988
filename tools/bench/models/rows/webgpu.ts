/** What WebGPU makes of a language model, beside the cpu on the same weights. */
import { encodeParts, generate, measurePerplexity, type Decoder, type Tokenizer } from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import {
  bytesOf,
  convertTensors,
  isMatrixReadable,
  memorySink,
  openLanguageModel,
  openTensors,
  productDifference,
  type TensorSource,
} from '@espalier/models';
import { openTensorFile } from '@espalier/models/node';
import type { Module } from '@espalier/nn';
import { compile, device, fromTyped, noGrad, ones, type Device, type Tensor } from '@espalier/tensor';
import { dawnAdapter } from '../../../devices.mjs';
import { atLeast, atMost, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

/** Tokens of the text that logits are compared at, together and then one more by itself. */
const length = 24;
/** Types of blocks that divide the rows of the model, and floats. */
const types = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'IQ4_NL', 'MXFP4', 'F16', 'F32'] as const;
const devices = ['cpu', 'webgpu'] as const;

async function logitsOf(module: Module, place: Device, ids: Int32Array<ArrayBuffer>): Promise<Float32Array> {
  using given = fromTyped(ids, [ids.length], { device: place });
  using logits = noGrad(() => module.call(given));
  return (await logits.data()) as Float32Array;
}

/** The smallest cosine of the rows of two matrices. */
function worstCosine(a: Float32Array, b: Float32Array, rows: number): number {
  const width = a.length / rows;
  const cosines = Array.from({ length: rows }, (_, row) => {
    let [both, own, other] = [0, 0, 0];
    for (let at = row * width; at < (row + 1) * width; at++) {
      const [x, y] = [a[at] ?? Number.NaN, b[at] ?? Number.NaN];
      both += x * y;
      own += x * x;
      other += y * y;
    }
    return both / Math.sqrt(own * other);
  });
  return Math.min(...cosines);
}

/** The model in another type, in memory. */
async function inType(path: string, type: string): Promise<TensorSource> {
  const source = await openTensorFile(path);
  const sink = memorySink();
  const typeOf = (_: string, { shape }: { readonly shape: readonly number[] }): string =>
    shape.length === 2 ? type : 'F32';
  await convertTensors(source, 'gguf', sink, { dtypes: typeOf });
  await source.close();
  return openTensors(bytesOf(sink.bytes(), `${type}.gguf`));
}

/** Adapters that the processor emulates. */
const isSoftware = /swiftshader|llvmpipe|lavapipe|software/iu;

/** Tokens a second behind the first ones, in which kernels are compiled. */
async function tokensASecond(decoder: Decoder, prompt: Int32Array): Promise<number> {
  const [warm, count] = [16, 128];
  let [made, start] = [0, 0];
  for await (const _ of generate(decoder, prompt, { maxTokens: warm + count, ends: [] }))
    if (++made === warm) start = performance.now();
  return (1000 * count) / (performance.now() - start);
}

/** How fast a device reads and writes, by sums with a number over far more than its caches hold. */
async function bytesASecond(place: Device): Promise<number> {
  const [size, times] = [2 ** 26, 20];
  const step = compile((x: Tensor) => x.add(1));
  using x = ones([size], { device: place });
  const rounds = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let round = 0; round < count; round++) step(x).dispose();
    await place.synchronize();
    return performance.now() - start;
  };
  await rounds(2);
  return (1000 * times * 2 * 4 * size) / (await rounds(times));
}

/** The rows of SmolLM2 on WebGPU. */
export function webGpuRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2) ?? '';
  const missing = (): string | undefined => {
    if (path === '') return `${smolLm2.file} of ${smolLm2.from}`;
    return dawnAdapter() === undefined ? 'an adapter of WebGPU' : undefined;
  };
  const idsFor = (tokenizer: Tokenizer): Int32Array<ArrayBuffer> =>
    Int32Array.from(tokenizer.encode(brownText('eval').slice(0, 400)).slice(0, length));
  const logits: Row = {
    name: 'smollm2-webgpu/logits',
    target: `worst cosine to cpu of ${types.length} types, ${length} positions together and one >= .9999`,
    missing,
    measure: async ({ kept }) => {
      const { tokenizer } = await openLanguageAt(path);
      const ids = idsFor(tokenizer);
      const found: Record<string, number> = {};
      for (const type of types)
        found[type] = await kept(`smollm2-webgpu-${type}`, async () => {
          const file = await inType(path, type);
          const told: Float32Array[] = [];
          for (const name of devices) {
            const place = await device(name);
            const { module, description } = await openLanguageModel(file, { device: place });
            if (description.notes.length > 0) throw new Error(description.notes.join('; '));
            const [together, one] = [
              await logitsOf(module, place, ids),
              await logitsOf(module, place, ids.slice(0, 1)),
            ];
            told.push(Float32Array.from([...together, ...one]));
            module.dispose();
          }
          const [own, other] = told as [Float32Array, Float32Array];
          return worstCosine(own, other, length + 1);
        });
      return atLeast(0.9999, Math.min(...Object.values(found)), found);
    },
  };
  const windows = 2;
  const perplexity: Row = {
    name: 'smollm2-webgpu/perplexity',
    target: `beside cpu after ${windows} windows of 512 <= 1e-3`,
    missing,
    measure: async ({ kept }) => {
      const found: Record<string, number> = {};
      for (const name of devices)
        found[name] = await kept(`smollm2-perplexity-${name}`, async () => {
          const { decoder, tokenizer } = await openLanguageAt(path, { device: await device(name) });
          const tokens = encodeParts(tokenizer, brownText('eval'));
          return (await measurePerplexity(decoder.model, tokens, { chunks: windows })).perplexity;
        });
      return atMost(1e-3, Math.abs((found['cpu'] ?? Number.NaN) - (found['webgpu'] ?? Number.NaN)), found);
    },
  };
  const check: Row = {
    name: 'smollm2-webgpu/check',
    target: 'milliseconds of the check as the model is opened, kernels known to the driver <= 100',
    missing,
    measure: async () => {
      const place = await device('webgpu');
      // What starts with the first product of a process would start without the check.
      await ones([4, 4], { device: place })
        .matmul(ones([4, 4], { device: place }))
        .data();
      const file = await openTensorFile(path);
      const names = new Map<string, string>();
      for (const [name, { dtype, shape }] of file.tensors) if (isMatrixReadable(dtype, shape)) names.set(dtype, name);
      const product = { device: place, weights: 'stored', activations: 'f32' } as const;
      const timed = async (): Promise<number> => {
        const start = performance.now();
        await Promise.all([...names.values()].map((name) => productDifference(file, name, product)));
        return performance.now() - start;
      };
      const [first, again] = [await timed(), await timed()];
      await file.close();
      return atMost(100, again, { types: [...names.keys()], first });
    },
  };
  const decode: Row = {
    name: 'smollm2-webgpu/decode',
    target: 'of the tokens a second that reading all weights once a token allows >= .6',
    missing: () => missing() ?? (isSoftware.test(dawnAdapter() ?? '') ? 'a graphics card' : undefined),
    measure: async () => {
      const place = await device('webgpu');
      const { decoder, tokenizer } = await openLanguageAt(path, { device: place });
      const tokens = await tokensASecond(decoder, idsFor(tokenizer));
      const bytes = decoder.model.parameters().reduce((sum, parameter) => sum + parameter.bytes, 0);
      const bandwidth = await bytesASecond(place);
      return atLeast(0.6, (tokens * bytes) / bandwidth, { tokens, bytes, bandwidth });
    },
  };
  return [logits, perplexity, check, decode];
}
