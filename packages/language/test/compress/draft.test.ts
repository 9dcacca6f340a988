// A draft is found that guesses tokens ahead, and a file of it says how it is used.
import {
  complete,
  compressModel,
  Decoder,
  draftOf,
  draftPairs,
  planDraft,
  searchDraft,
  writeCompressedGguf,
  type DraftSearch,
  type DraftSearchOptions,
} from '@espalier/language';
import { bytesOf, memorySink, openLanguageModel, openModelInParts, openTensors } from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { tinyFile } from '../helpers/tiny-files.ts';

const sequence = (seed: number): number[] => Array.from({ length: 6 }, (_, at) => (seed * 7 + at * at) % 32);
const file = await tinyFile();
const model = await openModelInParts(file);
const { module } = await openLanguageModel(file, { weights: 'f32' });
const decoder = new Decoder(module, { context: 64, chunk: 16 });

const search = (more: Partial<DraftSearchOptions>): Promise<DraftSearch> =>
  searchDraft(model, decoder, { ids: [sequence(1), sequence(2)], judge: [sequence(3)], tokens: 12, ...more });

test('the best of what was tried is used, and said', async () => {
  const told: number[] = [];
  const found = await search({ trials: 5, mostSkipped: 1, onTried: (_, done, of) => told.push(done, of) });
  expect(told).toEqual([1, 5, 2, 5, 3, 5, 4, 5, 5, 5]);
  expect(found.tried.map(({ type }) => type).slice(0, 4)).toEqual(['kept', 'Q8_0', 'Q4_1', 'Q4_0']);
  const measured = found.tried.flatMap((each) => each.measured ?? []);
  expect(measured).toHaveLength(3);
  expect(found.best.measured).toBe(Math.max(...measured));
  expect(found.tried).toContainEqual(found.best);
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
});

test('by a clock that counts calls all steps cost the same, and guesses that are always right save nothing', async () => {
  let calls = 0;
  const now = (): number => calls++;
  const found = await search({ types: ['kept'], activations: ['f32'], mostSkipped: 0, mostGuesses: 5, now });
  expect(found.tried).toMatchObject([{ type: 'kept', skipped: [], guesses: 1, taken: 1, expected: 1 }]);
});

test('what types make the same of a model is tried once, and all there is at most', async () => {
  const found = await search({ types: ['kept', 'F32', 'Q8_0'], activations: ['f32'], mostSkipped: 0 });
  expect(found.tried.map(({ type }) => type)).toEqual(['kept', 'Q8_0']);
});

test('a text is needed, to try and to judge by', async () => {
  await expect(search({ ids: [] })).rejects.toThrow(ArgumentError);
  await expect(search({ judge: [] })).rejects.toThrow('others to judge by');
});

test('a draft that was written guesses, and says how', async () => {
  const draft = { type: 'Q8_0', activations: 'int8-groups', skipped: [1], guesses: 3 } as const;
  const planned = planDraft(model, draft);
  expect(planned.plan.tensors.find(({ name }) => name === 'token_embd.weight')).toMatchObject({ to: 'Q8_0' });
  const sink = memorySink();
  await writeCompressedGguf(sink, await compressModel(planned.model, planned.plan, { metadata: draftPairs(draft) }));
  const written = await openTensors(bytesOf(sink.bytes(), 'draft.gguf'));
  const { activations, guesses } = draftOf(written.metadata);
  expect([activations, guesses]).toEqual(['int8-groups', 3]);
  const opened = await openLanguageModel(written, { activations: 'int8-groups' });
  const guessing = new Decoder(opened.module, { context: 64 });
  const options = { ends: [], maxTokens: 20 };
  const alone = await complete(decoder, sequence(4), options);
  expect(await complete(decoder, sequence(4), { ...options, draft: guessing, guesses: 3 })).toEqual(alone);
});

test('a file that says nothing of its use, or what cannot be, is a draft like any other', () => {
  expect(draftOf({ 'general.architecture': 'llama' })).toEqual({});
  for (const guesses of [0, 16, 1.5, '4'])
    expect(draftOf({ 'espalier.draft.guesses': guesses, 'espalier.draft.activations': 'int3' })).toEqual({});
});
