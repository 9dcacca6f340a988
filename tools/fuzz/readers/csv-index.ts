/** Reads the index of a table that was kept, as who could write its sum may have made it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCsvPart } from '@espalier/data';
import { keptIndex, steadyFile, writeKept } from '@espalier/data/node';
import { ofObjects, type Reader } from '../engine/reader.ts';

const text = `a,b,c\n${Array.from({ length: 30 }, (_, row) => `${row},x${row % 3},${row / 7}\n`).join('')}`;
const options = { partBytes: 100, pieceBytes: 40 };

/** An index in which what only this table is known by is put right, so that the rest of it is looked at; other bytes as they are. */
function claimed(input: Uint8Array, own: object): Uint8Array {
  try {
    const index: unknown = JSON.parse(new TextDecoder().decode(input));
    return Object(index) === index ? Buffer.from(JSON.stringify({ ...(index as object), ...own })) : input;
  } catch {
    return input;
  }
}

/** An index that is kept, and parts by it. */
export const csvIndexReader: Reader = {
  name: 'csv-index',
  limit: ofObjects,
  seeds: async () => [
    Buffer.from(
      JSON.stringify({
        settings: {
          delimiter: ',',
          header: true,
          names: ['a', 'b', 'c'],
          start: 6,
          types: {},
          missing: [],
          columns: ['a', 'b', 'c'],
          pieceBytes: 40,
        },
        types: { a: 'number', b: 'text', c: 'number' },
        rows: 30,
        bytes: text.length,
        parts: [{ offset: 6, bytes: text.length - 6, rows: 30 }],
        digest: '',
      }),
    ),
  ],
  mutate: 'json',
  read: async (input, folder) => {
    mkdirSync(folder, { recursive: true });
    const [table, kept] = [join(folder, 'table.csv'), join(folder, 'index')];
    writeFileSync(table, text);
    const source = await steadyFile(table);
    try {
      const { index: made } = await keptIndex(source, kept, options);
      const [request = ''] = readFileSync(kept, 'utf8').split('\n', 1);
      await writeKept(kept, request, claimed(input, { settings: made.settings, digest: made.digest }));
      const { index } = await keptIndex(source, kept, options);
      for (const part of index.parts.keys()) await readCsvPart(source, index, part);
    } finally {
      await source.close();
    }
  },
};
