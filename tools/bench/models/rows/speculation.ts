/** SmolLM2 as f32 with tokens guessed ahead by a copy of itself that a search finds. */
import {
  complete,
  compressModel,
  Decoder,
  openLanguage,
  planDraft,
  searchDraft,
  writeCompressedGguf,
} from '@espalier/language';
import { bytesOf, memorySink, openLanguageModel, openModelInParts, openTensors } from '@espalier/models';
import { openTensorFile } from '@espalier/models/node';
import { atLeast, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

/** Beginnings of texts that drafts are tried on, as many that they are measured on, and how long both are. */
const [beginnings, beginningTokens] = [4, 48] as const;
/** Tokens that texts are gone on with. */
const tokens = 64;
const wanted = 1.4;

/** Milliseconds of the processor. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The row of speculative decoding. */
export function speculationRow({ checkpoints }: Places): Row {
  const path = findCheckpoint(checkpoints, smolLm2);
  return {
    name: 'smollm2/speculative',
    target: `seconds of the processor a token, alone over with the draft that was found; the same text >= ${wanted}`,
    missing: () => (path === undefined ? `${smolLm2.file} of ${smolLm2.from}` : undefined),
    measure: async ({ kept }) => {
      const found = await kept('smollm2-draft', async () => {
        const from = await openTensorFile(path ?? '');
        const { decoder, tokenizer } = await openLanguage(from, { weights: 'f32' });
        const all = [...tokenizer.encode(brownText('calib'), { frame: false })];
        const prompts = Array.from({ length: 2 * beginnings }, (_, at) =>
          all.slice(4096 * at, 4096 * at + beginningTokens),
        );
        const [ids, judge] = [prompts.slice(0, beginnings), prompts.slice(beginnings)];
        const model = await openModelInParts(from);
        const search = await searchDraft(model, decoder, { ids, judge, tokens, now: processorMs });
        const { activations, guesses, ...rest } = search.best;
        const { model: smaller, plan } = planDraft(model, rest);
        const sink = memorySink();
        await writeCompressedGguf(sink, await compressModel(smaller, plan));
        const file = await openTensors(bytesOf(sink.bytes(), 'draft.gguf'));
        const { module } = await openLanguageModel(file, { activations });
        const draft = new Decoder(module, { context: decoder.context });
        await from.close();
        let same = 0;
        for (const prompt of judge) {
          const options = { maxTokens: tokens, ends: [] };
          const alone = await complete(decoder, prompt, options);
          const together = await complete(decoder, prompt, { ...options, draft, guesses });
          if (alone.ids.join() === together.ids.join()) same++;
        }
        const { type, skipped, bytes, taken, expected, measured } = search.best;
        return { type, activations, skipped, guesses, bytes, taken, expected, measured, same, of: judge.length };
      });
      return atLeast(wanted, found.same === found.of ? found.measured : 0, found);
    },
  };
}
