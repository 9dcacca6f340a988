// Language models on WebGPU: what they tell is what they tell on the processor, whatever blocks their weights are in.
import { blockTypes, bytesOf, memorySink, openLanguageModel, openTensors, registerFamilies, writeModelGguf, type OpenedLanguageModel } from '@espalier/models'; // prettier-ignore
import { complete, Decoder, measurePerplexity } from '@espalier/language';
import { build, type Module } from '@espalier/nn';
import { configure, cpu, device, Generator, noGrad, randn, tensor, type Device } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

// Rounding of activations has no kernel there, which is no news here.
const notices: string[] = [];
configure({ warn: (notice) => notices.push(notice) });

// As wide as the largest blocks; each of its matrices has the same shape, so that few kernels are compiled.
const model = { type: 'llama', vocabulary: 64, width: 256, layers: 1, heads: 4, keyValueHeads: 4, hidden: 256, context: 64, tied: true }; // prettier-ignore
const description = { family: 'llama', model, said: 'llama', format: 'gguf', metadata: {}, notes: [], unused: [] } as const; // prettier-ignore

registerFamilies();
const floats = build(model).eval();
const generator = new Generator(5);
for (const { value } of floats.parameters())
  if (value.rank === 2) value.assign(randn(value.shape, { generator, device: cpu() }).mul(0.1));

const written = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
function bytesIn(type: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = written.get(type);
  if (known) return known;
  const sink = memorySink();
  const dtypes = (_: string, shape: readonly number[]): string => (shape.length === 2 ? type : 'F32');
  const made = writeModelGguf(sink, { module: floats, description }, { dtypes }).then(() => sink.bytes());
  written.set(type, made);
  return made;
}

async function openOn(place: Device, type: string): Promise<OpenedLanguageModel> {
  return openLanguageModel(await openTensors(bytesOf(await bytesIn(type), `${type}.gguf`)), { device: place });
}

const ids = Int32Array.from({ length: 64 }, (_, at) => (at * 29 + (at >> 2)) % 64);

async function logitsOf(module: Module, place: Device, count: number): Promise<readonly number[]> {
  const given = tensor(ids.subarray(0, count), { dtype: 'i32', device: place });
  const logits = noGrad(() => module.call(given));
  return [...(await logits.data())].map(Number);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, at) => sum + value * (y[at] ?? NaN), 0); // prettier-ignore
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const both = async (type: string): Promise<readonly (readonly [OpenedLanguageModel, Device])[]> =>
  Promise.all([cpu(), await device('webgpu')].map(async (place) => [await openOn(place, type), place] as const));

describe.each([...blockTypes, 'F16', 'BF16', 'F32'])('%s', (type) => {
  test('gives the logits of the cpu', async () => {
    const [own, other] = await both(type);
    if (!own || !other) throw new Error('two devices');
    const [wanted, found] = await Promise.all([own, other].map(([{ module }, place]) => logitsOf(module, place, 12)));
    expect(cosine(wanted ?? [], found ?? [])).toBeGreaterThan(0.99999);
    expect(other[0].description.notes).toEqual([]);
    expect(other[0].module.parameters().every((parameter) => parameter.device === other[1])).toBe(true);
  });
});

test('a text goes on as on the cpu, and is as likely', async () => {
  const [first, second] = await both('Q4_1');
  if (!first || !second) throw new Error('two devices');
  const told: (readonly number[])[] = [];
  const losses: number[] = [];
  for (const [{ module }] of [first, second]) {
    const decoder = new Decoder(module, { context: 64 });
    told.push((await complete(decoder, ids.slice(0, 5), { maxTokens: 12, ends: [] })).ids);
    losses.push((await measurePerplexity(module, ids, { chunk: 16 })).perplexity);
  }
  expect(told[1]).toEqual(told[0]);
  expect(Math.abs((losses[1] ?? NaN) / (losses[0] ?? NaN) - 1)).toBeLessThan(1e-5);
});
