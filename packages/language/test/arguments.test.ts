/** What is no argument is refused at the caller's line, by an error with a code: foreign values in the places of all arguments. */
import {
  chatTemplate,
  chooseToken,
  compareEmbeddings,
  complete,
  createTokenizer,
  Decoder,
  distributionOf,
  dropHeads,
  encodeChat,
  encodeParts,
  ggufTextPairs,
  idsBefore,
  layerInfluence,
  leastLayers,
  measurePerplexity,
  openLanguage,
  openTextEmbedder,
  parseCompressionGoals,
  planCompression,
  planHeads,
  poolingFiles,
  poolingOf,
  refuseNotes,
  textFilesOfGguf,
  textPartsOfFolder,
  textPartsOfGguf,
  tokenizerOfGguf,
  withoutLayers,
} from '@espalier/language';
import { findModel, openTokenizerAt, readTextParts } from '@espalier/language/node';
import { ArgumentError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { tinyModel } from './helpers/tiny-model.ts';
import { bytePairJson } from './helpers/tiny-vocabulary.ts';

const model = tinyModel(16, 1);
const decoder = new Decoder(model, { context: 32, chunk: 8 });
const tokenizer = createTokenizer(bytePairJson([]));
const template = chatTemplate('{{ messages[0].content }}');
const messages = [{ role: 'user', content: 'Hi' }];
const scores = Float32Array.of(1, 2);
const vectors = { values: Float32Array.of(1, 0, 0, 1), width: 2, tokens: 2, cut: 0 };

type Call = (...given: readonly never[]) => unknown;
/** Calls that are taken, each with the places of its arguments where nothing else than what is there may be. */
const calls: Readonly<Record<string, readonly [Call, readonly unknown[]]>> = {
  complete: [complete, [decoder, [1, 2]]],
  chooseToken: [chooseToken, [scores, [0], {}, 0, 0]],
  distributionOf: [distributionOf, [scores, [0], {}]],
  encode: [tokenizer.encode, ['a']],
  decode: [tokenizer.decode, [[65]]],
  encodeChat: [encodeChat, [tokenizer, template, messages]],
  encodeParts: [encodeParts as Call, [tokenizer]],
  idsBefore: [idsBefore, [tokenizer]],
  compareEmbeddings: [compareEmbeddings, [vectors, vectors]],
  poolingFiles: [poolingFiles, [{ kind: 'mean', normalize: true }, 4]],
  leastLayers: [leastLayers, [[0.1, 0.2], 1]],
  parseCompressionGoals: [parseCompressionGoals, [['bytes<=80MB']]],
};
/** Calls with a first argument that takes more than there is here: only that it is refused is looked at. */
const refusing: Readonly<Record<string, Call>> = {
  openLanguage,
  openTextEmbedder,
  poolingOf,
  textPartsOfFolder,
  textPartsOfGguf,
  textFilesOfGguf,
  tokenizerOfGguf,
  ggufTextPairs,
  findModel,
  openTokenizerAt,
  readTextParts: readTextParts as Call,
  planCompression,
  refuseNotes,
  layerInfluence,
  planHeads,
  dropHeads,
  withoutLayers,
  createTokenizer: (options: never) => createTokenizer(bytePairJson([]), options),
  tokens: (tokens: never) => measurePerplexity(model, [tokens]),
  'the template of encodeChat': (other: never) => encodeChat(tokenizer, other, messages),
};

const foreign: readonly unknown[] = [null, Number.NaN, -1, 1.5, true, (): number => 0, 10n, [null]];

/** What a call throws, whether at once, later, or as it is gone through. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    const found = await call();
    if (typeof found === 'object' && found !== null && Symbol.asyncIterator in found)
      for await (const _ of found as AsyncIterable<unknown>);
    return undefined;
  } catch (error) {
    return error;
  }
}

test.each(Object.entries(calls))('%s', async (_, [call, given]) => {
  if (call !== calls['encodeParts']?.[0]) expect(await thrownBy(() => call(...(given as never[])))).toBeUndefined();
  for (const place of given.keys())
    for (const value of foreign) {
      const wrong = given.with(place, value);
      expect([value, place, await thrownBy(() => call(...(wrong as never[])))]).toEqual([
        value,
        place,
        expect.any(ArgumentError),
      ]);
    }
});

test.each(Object.entries(refusing))('%s', async (_, call) => {
  for (const value of foreign)
    expect([value, await thrownBy(() => call(value as never))]).toEqual([value, expect.any(ArgumentError)]);
});

test('ids of a prompt are whole numbers from 0', async () => {
  for (const prompt of ['text', {}, new Float32Array(2), [1.5], [Number.NaN], ['1'], [[1], [0.5]], [1, [2]]])
    await expect(complete(decoder, prompt as never)).rejects.toThrow(ArgumentError);
});
