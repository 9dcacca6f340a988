/** Reads preparations of texts, and those of each kind as parts of the models that they were saved with. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfTokens, encodeText, fitPreparation, learnBytePairs, tableOf } from '@espalier/data';
import { build, type Json } from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { loadModelFolder } from '@espalier/pipeline/node';
import { sourceOfPreparation } from '../../../packages/pipeline/src/data/source.ts';
import { preparationOf as pictureOf } from '../../../packages/pipeline/src/node/pictures/predict-pictures.ts';
import { preparationOf as tableOfModel } from '../../../packages/pipeline/src/node/table/predict-table.ts';
import { preparationOf as textOf, readTextPreparation } from '../../../packages/pipeline/src/node/text/open-text.ts';
import { jsonOf } from '../engine/json-of.ts';
import { mutateJson } from '../engine/mutate-json.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const book = 'the cat sat on the mat, and the dog sat on the cat. '.repeat(20);
const text = { source: 'text', context: 8, pairs: learnBytePairs(book, 280) };

/** Uses a vocabulary as prediction and judging do. */
function useText({ pairs }: ReturnType<typeof readTextPreparation>): void {
  const bytes = bytesOfTokens(pairs);
  for (const token of encodeText('the cat and another', pairs)) bytes[token]?.at(0);
}

/** Vocabularies of texts. */
export const textPreparationReader: Reader = {
  name: 'text-preparation',
  limit: ofObjects,
  seeds: async () => [text, { ...text, pairs: learnBytePairs(book.repeat(2), 400) }].map((config) => Buffer.from(JSON.stringify(config))), // prettier-ignore
  // Some pairs are others of the tokens before them, which doubles what they stand for.
  mutate: (input, random) => {
    if (random.chance(0.7)) return mutateJson(input, random);
    const { pairs, ...others } = JSON.parse(Buffer.from(input).toString()) as { pairs: number[][] };
    for (let count = 1 + random.below(30); count > 0; count -= 1) {
      const rank = random.below(pairs.length);
      pairs[rank] = [255 + rank, random.chance(0.8) ? 255 + rank : random.below(256)];
    }
    return Buffer.from(JSON.stringify({ ...others, pairs }));
  },
  read: (input, _, passed) => {
    const config = jsonOf(input);
    if (config === undefined) return;
    const preparation = readTextPreparation(config);
    passed();
    useText(preparation);
  },
};

const table = tableOf({ rooms: [2, 3, 4], town: ['Bonn', 'Ulm', 'Bonn'], price: [1, 2, 3.5] });
const pictures = { source: 'pictures', size: 8, colour: 'grey', fit: 'crop', mean: [0.5], std: [1], classes: ['a', 'b'] }; // prettier-ignore
const preparations = [fitPreparation(table, { target: 'price' }).config(), pictures, text];

/** What a kind's preparation is used for. */
const uses: Readonly<Record<string, (from: string, config: unknown) => void>> = {
  table: (from, config) => void tableOfModel(from, config).preparation.inputs(table),
  pictures: (from, config) => void pictureOf(from, config),
  text: (from, config) => useText(textOf(from, config)),
};

const place = 'the preparation';
let values: Uint8Array = new Uint8Array(0);

/** A description of a model, of which a part says how data is prepared. */
export const savedPreparationReader: Reader = {
  name: 'saved-preparation',
  limit: ofObjects,
  seeds: async (folder) => {
    const model = build({ type: 'sequential', layers: [{ type: 'linear', in: 2, out: 1 }] }, { seed: 1 });
    const configs: Uint8Array[] = [];
    for (const [index, preparation] of preparations.entries()) {
      const own = join(folder, String(index));
      await saveModel(own, model, { metadata: { preparation: JSON.parse(JSON.stringify(preparation)) as Json } });
      configs.push(await readFile(join(own, 'config.json')));
      values = await readFile(join(own, 'model.safetensors'));
    }
    return configs;
  },
  mutate: (input, random) => {
    if (random.chance(0.3)) return mutateJson(input, random);
    const config = JSON.parse(Buffer.from(input).toString()) as { metadata: { preparation: unknown } };
    const part = mutateJson(Buffer.from(JSON.stringify(config.metadata.preparation)), random);
    config.metadata.preparation = place;
    // As text: it may be nested deeper than can be written.
    return Buffer.from(JSON.stringify(config).replace(JSON.stringify(place), () => Buffer.from(part).toString()));
  },
  read: async (input, folder, passed) => {
    await writeFile(join(folder, 'config.json'), input);
    await writeFile(join(folder, 'model.safetensors'), values);
    const { metadata } = await loadModelFolder(folder);
    const { preparation = null } = metadata;
    const { name } = sourceOfPreparation(preparation ?? undefined, folder);
    passed();
    uses[name]?.(folder, preparation);
  },
};
