/** Generation of SmolLM2 with weights in blocks: tokens a second of one thread, and what caches and sequences side by side bring. */
import { generate, type Decoder, type OpenedLanguage } from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { memory } from '@espalier/tensor';
import { atLeast, atMost, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';
import { median, processorTime } from '../processor-time.ts';

type Activations = 'f32' | 'int8-groups';

/** Tokens of the prompt that is timed, those before what is timed of decoding, and those that are decoded. */
const [prompt, before, decoded] = [512, 64, 32] as const;
const rounds = 5;

/** Ids of a text, from a place on. */
const idsFrom = ({ tokenizer }: OpenedLanguage, from: number, count: number): readonly number[] =>
  Array.from(tokenizer.encode(brownText('eval').slice(from, from + 8 * count)).subarray(0, count));

/** Tokens a second of the processor, a median, of calls that compute so many; the first call is not timed. */
async function rate(tokens: number, call: () => Promise<unknown>): Promise<number> {
  await call();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await processorTime(call));
  return (1000 * tokens) / median(times);
}

/** Tokens a second of sequences side by side, all of them together. */
async function decodingRate(opened: OpenedLanguage, sequences: number): Promise<number> {
  const lanes = opened.decoder.lanes(sequences);
  const texts = Array.from({ length: sequences }, (_, at) => idsFrom(opened, 1000 * at, before + decoded));
  await lanes.prefill(texts.map((ids) => ids.slice(0, before)));
  const found = await rate(sequences * decoded, async () => {
    lanes.backTo(before);
    for (let at = before; at < before + decoded; at++) await lanes.feed(texts.map((ids) => ids.slice(at, at + 1)));
  });
  lanes.close();
  return found;
}

/** The largest difference of scores of the last position, computed at once, step by step, and among others. */
async function largestDifference(opened: OpenedLanguage): Promise<number> {
  const { decoder } = opened;
  const texts = Array.from({ length: 8 }, (_, at) => idsFrom(opened, 1000 * at, 48));
  const [first] = texts as [readonly number[]];
  const scoresOf = async (given: readonly (readonly number[])[], steps: number): Promise<Float32Array> => {
    const lanes = decoder.lanes(given.length);
    const begun = 48 - steps;
    let scores = await lanes.prefill(given.map((ids) => ids.slice(0, begun)));
    for (let at = begun; at < 48; at++) scores = await lanes.feed(given.map((ids) => ids.slice(at, at + 1)));
    const own = scores.of(0).slice();
    lanes.close();
    return own;
  };
  const whole = await scoresOf([first], 0);
  const others = [await scoresOf([first], 16), await scoresOf(texts, 0), await scoresOf(texts, 16)];
  const largest = whole.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
  const apart = others.map((scores) =>
    scores.reduce((most, score, id) => Math.max(most, Math.abs(score - (whole.at(id) as number))), 0),
  );
  return Math.max(...apart) / largest;
}

/** Bytes of the device that generations leave behind, between a tenth of them and the last. */
async function growth(decoder: Decoder, ids: readonly number[], generations: number): Promise<number> {
  let early = 0;
  for (let done = 0; done < generations; done++) {
    for await (const _ of generate(decoder, ids, { maxTokens: 64, temperature: 0, ends: [] })) continue;
    if (done === Math.floor(generations / 10)) early = memory().bytes;
  }
  return memory().bytes - early;
}

/** The rows of SmolLM2 as it speaks. */
export function generationRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2);
  const missing = (): string | undefined => (path === undefined ? `${smolLm2.file} of ${smolLm2.from}` : undefined);
  const open = (activations: Activations): Promise<OpenedLanguage> => openLanguageAt(path ?? '', { activations });
  const prefill = (activations: Activations, wanted: number): Row => ({
    name: `smollm2/prefill-${activations}`,
    target: `tokens a second, prompt of ${prompt}, x ${activations}, one thread >= ${wanted}`,
    missing,
    measure: async () => {
      const opened = await open(activations);
      const ids = idsFrom(opened, 0, prompt);
      const lanes = opened.decoder.lanes(1);
      const found = await rate(prompt, () => lanes.prefill([ids]));
      return atLeast(wanted, found, { tokensASecond: found });
    },
  });
  const decode: Row = {
    name: 'smollm2/decode',
    target: `tokens a second behind ${before}, x int8-groups, one thread >= 120`,
    missing,
    measure: async () => {
      const found = await decodingRate(await open('int8-groups'), 1);
      return atLeast(120, found, { tokensASecond: found });
    },
  };
  const sequences = (activations: Activations): Row => ({
    name: `smollm2/sequences-${activations}`,
    target: `tokens a second of 8 sequences over those of one, x ${activations} >= 4`,
    missing,
    measure: async () => {
      const opened = await open(activations);
      const [one, eight] = [await decodingRate(opened, 1), await decodingRate(opened, 8)];
      return atLeast(4, eight / one, { one, eight });
    },
  });
  const cache: Row = {
    name: 'smollm2/cache',
    target: 'scores with and without a cache, alone and among 8, over the largest <= 1e-5',
    missing,
    measure: async () => {
      const found = await largestDifference(await open('f32'));
      return atMost(1e-5, found, { difference: found });
    },
  };
  const generations = 1000;
  const leak: Row = {
    name: 'smollm2/leak',
    target: `bytes of the device left behind by ${generations} generations of 64 tokens <= 0`,
    missing,
    measure: async ({ kept }) => {
      const found = await kept('smollm2-leak', async () => {
        const opened = await open('int8-groups');
        return growth(opened.decoder, idsFrom(opened, 0, 16), generations);
      });
      return atMost(0, found, { bytes: found });
    },
  };
  return [
    prefill('int8-groups', 300),
    prefill('f32', 200),
    decode,
    sequences('int8-groups'),
    sequences('f32'),
    cache,
    leak,
  ];
}
