// Streams whose parts a thread reads: the same batches as without, its errors are errors here, and nothing keeps the process alive.
import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  csvStream,
  DataError,
  fitPreparation,
  indexCsv,
  readCsv,
  tokenStream,
  type StreamedDataset,
} from '@espalier/data';
import { sideCsvStream, sideTokenStream, steadyFile } from '@espalier/data/node';
import { FormatError } from '@espalier/nn';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder = '';
let table = '';
let corpus = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-side-'));
  table = join(folder, 'table.csv');
  corpus = join(folder, 'corpus.u16');
  const rows = Array.from({ length: 300 }, (_, row) => `${row},t${row % 3},${(row * 7) % 11 ? row % 5 : ''}\n`);
  await writeFile(table, `number,town,size\n${rows.join('')}`);
  await writeFile(corpus, new Uint8Array(Uint16Array.from({ length: 500 }, (_, at) => (at * 7) % 50).buffer));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** All batches of two epochs. */
async function batchesOf(data: StreamedDataset): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const epoch of [0, 1]) {
    data.order.begin(epoch);
    for (let start = 0; start < data.size; start += 32) {
      const count = Math.min(32, data.size - start);
      const { x, y } = await data.batch(Array.from({ length: count }, (_, index) => start + index));
      found.push([...(await x.data())], [...(await y.data())]);
    }
  }
  return found;
}

async function opened() {
  const source = await steadyFile(table);
  const index = { ...(await indexCsv(source, { partBytes: 400, pieceBytes: 200 })), digest: source.digest };
  const preparation = fitPreparation(await readCsv(source), {
    target: 'number',
    learn: 'numbers',
    columns: { town: 'one-hot', size: 'standard' },
  });
  return { source, index, preparation };
}

const tokens = { context: 5, vocabulary: 50, seed: 3, memory: 4000, partBytes: 100 } as const;

describe('a thread that reads', () => {
  test('gives the batches of a table as they are without', async () => {
    const { source, index, preparation } = await opened();
    const options = { seed: 5, memory: 1 << 13, lots: { seed: 1, from: 0, to: 0.7 } };
    const data = await sideCsvStream(table, index, preparation, options);
    const plain = csvStream(source, index, preparation, options);
    expect(data.order.key).toBe(plain.order.key);
    expect(await batchesOf(data)).toEqual(await batchesOf(plain));
    await data.close();
    await source.close();
  });

  test('gives the batches of tokens as they are without', async () => {
    const source = await steadyFile(corpus);
    const data = await sideTokenStream(corpus, tokens);
    expect(await batchesOf(data)).toEqual(await batchesOf(tokenStream(source, tokens)));
    await data.close();
    await source.close();
    await expect(data.batch([0])).rejects.toThrow(/corpus\.u16.*was closed/);
  });

  test('says what is wrong with the file, by the same classes', async () => {
    const { index, preparation, source } = await opened();
    await source.close();
    const lower = await sideTokenStream(corpus, { ...tokens, vocabulary: 40 });
    const error: unknown = await lower.batch([...Array.from({ length: 4 }).keys()]).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ source: corpus, code: 'file-format' });
    await lower.close();
    const config = preparation.config();
    const strict = config.inputs.map((input) =>
      input.as === 'one-hot' ? { ...input, values: ['t1'], unknown: 'refuse' } : input,
    );
    const { Preparation } = await import('@espalier/data');
    const data = await sideCsvStream(table, index, new Preparation({ ...config, inputs: strict }), { memory: 1 << 14 });
    const wrong: unknown = await data.batch([0]).catch((found: unknown) => found);
    expect(wrong).toBeInstanceOf(DataError);
    expect(wrong).toMatchObject({ column: 'town', row: expect.any(Number) as number });
    await data.close();
  });

  test('and crashes is an error that names the file', async () => {
    const data = await sideTokenStream(corpus, { ...tokens, modules: ['data:text/javascript,process.exit(3)'] });
    await expect(data.batch([0])).rejects.toThrow(/corpus\.u16.*ended with code 3/);
    const thrown =
      "data:text/javascript,setTimeout(() => { throw new Error('no memory') }); await new Promise(() => {})";
    const other = await sideTokenStream(corpus, { ...tokens, modules: [thrown] });
    await expect(other.batch([0])).rejects.toThrow(/corpus\.u16.*failed: no memory/);
    await Promise.all([data.close(), other.close()]);
  });

  test('sees that the file changed', async () => {
    const data = await sideTokenStream(corpus, { ...tokens, prefetch: false });
    await data.batch([0]);
    await appendFile(corpus, 'xx');
    const later = async () => {
      for (let start = 0; start < data.size; start++) await data.batch([start]);
    };
    await expect(later()).rejects.toThrow(/corpus\.u16.*has 1002 bytes, and had 1000/);
    await data.close();
  });

  test('keeps no process alive', () => {
    const program = `
      import { sideTokenStream } from '@espalier/data/node';
      const data = await sideTokenStream(${JSON.stringify(corpus)}, { context: 5, vocabulary: 50 });
      const { x } = await data.batch([0]);
      console.log((await x.data()).length);`;
    const options = { encoding: 'utf8', timeout: 60_000, cwd: import.meta.dirname } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], options);
    expect([status, stdout.trim(), stderr]).toEqual([0, '5', '']);
  });
});
