// Streams: each example once an epoch, in an order that is a function of the seed, within the memory that is given.
import { AbortError, AdamW, build, crossEntropy, fit } from '@espalier/nn';
import {
  bytesOf,
  csvStream,
  fitPreparation,
  indexCsv,
  readCsv,
  streamed,
  tokenStream,
  type PartRows,
  type Shards,
  type StreamedDataset,
  type StreamOptions,
} from '@espalier/data';
import { fileBytes } from '@espalier/data/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathOf } from '../helpers/tables.ts';

/** Parts of examples whose x is their number, and how many of them are in memory. */
function counted(parts: readonly number[]): Shards & { readonly reads: number[] } {
  const reads: number[] = [];
  const starts = parts.map((_, part) => parts.slice(0, part).reduce((sum, rows) => sum + rows, 0));
  return {
    name: 'counted',
    parts,
    x: { shape: [1], dtype: 'i32' },
    y: { shape: [], dtype: 'i32' },
    read: async (part): Promise<PartRows> => {
      reads.push(part);
      const own = Int32Array.from({ length: parts[part] as number }, (_, row) => (starts[part] as number) + row);
      return { x: own, y: own.map((value) => -value) };
    },
    reads,
  };
}

async function epochOf(data: StreamedDataset, batch: number, from = 0): Promise<number[]> {
  const seen: number[] = [];
  for (let start = from; start < data.size; start += batch) {
    const { x, y } = await data.batch(
      Array.from({ length: Math.min(batch, data.size - start) }, (_, index) => start + index),
    );
    const values = [...(await x.data())];
    expect(Array.from(await y.data(), (value) => 0 - value)).toEqual(values);
    seen.push(...values);
  }
  return seen;
}

const rowBytes = 12;
const drawn = fc.record({
  parts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
  room: fc.integer({ min: 9, max: 30 }),
  batch: fc.integer({ min: 1, max: 7 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  prefetch: fc.boolean(),
});

describe('a stream', () => {
  test('gives each example once an epoch, the same of the same seed, and goes on from its state', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.nat(), async ({ parts, room, batch, seed, prefetch }, place) => {
        const options: StreamOptions = { seed, prefetch, memory: 3 * rowBytes * room };
        const data = streamed(counted(parts), options);
        const size = parts.reduce((sum, rows) => sum + rows, 0);
        const all = Array.from({ length: size }, (_, index) => index);
        const epochs = [await epochOf(data, batch), await epochOf(data, batch), await epochOf(data, batch)];
        for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual(all);
        // Stopped in the second epoch after some batches, and gone on with by another.
        const [first, second] = [streamed(counted(parts), options), streamed(counted(parts), options)];
        await epochOf(first, batch);
        const done = batch * (place % (Math.ceil(size / batch) + 1));
        const before: number[] = [];
        for (let start = 0; start < Math.min(done, size); start += batch) {
          const { x } = await first.batch(all.slice(start, start + batch));
          before.push(...(await x.data()));
        }
        second.restore(JSON.parse(JSON.stringify(first.state())));
        // Before its first batch of an epoch a stream is at the end of the one before.
        const rest = done === 0 ? [] : await epochOf(second, batch, done);
        if (done > 0) expect([...before, ...rest]).toEqual(epochs[1]);
        expect(await epochOf(second, batch)).toEqual(epochs[done === 0 ? 1 : 2]);
      }),
      { numRuns: 60 },
    );
  });

  test('goes on behind any batch of epochs of any length, with the same examples, each once in a pass over the file', async () => {
    const more = fc.record({ examples: fc.integer({ min: 1, max: 90 }), epochs: fc.integer({ min: 1, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(drawn, more, fc.nat(), async ({ parts, room, batch, seed, prefetch }, asked, place) => {
        const { examples, epochs } = asked;
        const options: StreamOptions = { seed, prefetch, examples, memory: 3 * rowBytes * room };
        const steps = Math.ceil(examples / batch);
        // As training does: an epoch is begun, whole or in the middle, and batches follow each other.
        const from = async (first: number): Promise<number[]> => {
          const data = streamed(counted(parts), options);
          const seen: number[] = [];
          for (let step = first; step < epochs * steps; step++) {
            if (step === first || step % steps === 0) data.order.begin(Math.floor(step / steps));
            const start = (step % steps) * batch;
            const count = Math.min(batch, examples - start);
            const { x } = await data.batch(Array.from({ length: count }, (_, index) => start + index));
            seen.push(...(await x.data()));
          }
          return seen;
        };
        const whole = await from(0);
        const stop = place % (epochs * steps);
        const given = Math.floor(stop / steps) * examples + (stop % steps) * batch;
        expect(await from(stop)).toEqual(whole.slice(given));
        const size = parts.reduce((sum, rows) => sum + rows, 0);
        for (let pass = 0; (pass + 1) * size <= whole.length; pass++)
          expect(whole.slice(pass * size, (pass + 1) * size).toSorted((a, b) => a - b)).toEqual(
            Array.from({ length: size }, (_, index) => index),
          );
      }),
      { numRuns: 60 },
    );
  });

  test('without shuffling gives examples as they stand', async () => {
    const data = streamed(counted([3, 4, 2]), { shuffle: false, memory: 3 * rowBytes * 5 });
    expect(await epochOf(data, 4)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('reads each part once an epoch', async () => {
    const shards = counted([5, 5, 5, 5]);
    await epochOf(streamed(shards, { memory: 3 * rowBytes * 5 }), 3);
    expect(shards.reads.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });

  test('refuses what cannot be', async () => {
    expect(() => streamed(counted([20]), { memory: 100 })).toThrow(
      /counted: its largest part takes 240 bytes.*100 bytes of memory are too few; give at least 720/,
    );
    const many = streamed(counted(new Array<number>(20).fill(2)), { memory: 3 * rowBytes * 2 });
    await expect(many.batch(Array.from({ length: 20 }, (_, index) => 2 * index))).rejects.toThrow(
      /train with shuffle: false/,
    );
    expect(() => many.restore({ seed: 5, epoch: 0, position: 0 })).toThrow(/another stream/);
    expect(() => many.restore({ seed: 0, epoch: -1, position: 0 })).toThrow(/epoch is -1/);
  });

  test('passes on what its source says, and tries again', async () => {
    const shards = counted([2, 2]);
    let fails = true;
    const read = async (part: number): Promise<PartRows> => {
      if (fails) throw new AbortError('read', 'the disk is away');
      return shards.read(part);
    };
    const data = streamed({ ...shards, read });
    await expect(data.batch([0])).rejects.toThrow(/the disk is away/);
    fails = false;
    await expect(data.batch([0])).resolves.toBeDefined();
  });
});

describe('a CSV file', () => {
  const layers = [{ type: 'linear', in: 64, out: 10 }];

  async function opened(seed: number) {
    const source = await fileBytes(pathOf('digits'));
    const index = await indexCsv(source, { partBytes: 20_000, pieceBytes: 10_000 });
    const table = await readCsv(source);
    const preparation = fitPreparation(table, {
      target: 'class',
      columns: Object.fromEntries(table.names.filter((name) => name !== 'class').map((name) => [name, 'standard'])),
    });
    return { source, index, preparation, data: csvStream(source, index, preparation, { seed, memory: 1 << 20 }) };
  }

  test('is learnt from by parts, and a training that was killed ends with the same bytes', async () => {
    const { source, index, preparation, data } = await opened(3);
    expect(index.parts.length).toBeGreaterThan(8);
    const options = { loss: crossEntropy, epochs: 3, batchSize: 50, seed: 1 } as const;
    const whole = build({ type: 'sequential', layers }, { seed: 1 });
    const { epochs } = await fit(whole, data, { ...options, optimizer: new AdamW({ lr: 1e-2 }) });
    expect(epochs.at(-1)?.loss).toBeLessThan(0.3);

    const stopped = csvStream(source, index, preparation, { seed: 3, memory: 1 << 20 });
    const controller = new AbortController();
    const saved: { bytes?: Uint8Array } = {};
    const killed = fit(build({ type: 'sequential', layers }, { seed: 1 }), stopped, {
      ...options,
      optimizer: new AdamW({ lr: 1e-2 }),
      signal: controller.signal,
      beforeStep: ({ step }) => {
        if (step === 50) controller.abort();
      },
      checkpoint: {
        save: (bytes) => {
          saved.bytes = bytes;
        },
      },
    });
    await expect(killed).rejects.toThrow(/abort/i);
    const again = csvStream(source, index, preparation, { seed: 3, memory: 1 << 20 });
    const resumed = build({ type: 'sequential', layers }, { seed: 9 });
    const goOn = (stream: StreamedDataset) =>
      fit(resumed, stream, { ...options, optimizer: new AdamW({ lr: 1e-2 }), resume: saved.bytes as Uint8Array });
    // Another seed, or other memory, is another order.
    for (const other of [
      { seed: 4, memory: 1 << 20 },
      { seed: 3, memory: 1 << 21 },
    ])
      await expect(goOn(csvStream(source, index, preparation, other))).rejects.toThrow(/order \(/);
    await goOn(again);
    for (const [name, value] of whole.state())
      expect([...(await (resumed.state().get(name) as typeof value).data())]).toEqual([...(await value.data())]);
    await source.close();
  });

  test('has in its parts what it has as a whole', async () => {
    const { source, index, preparation } = await opened(0);
    const data = csvStream(source, index, preparation, { shuffle: false, parts: [1, 0] });
    const table = await readCsv(source);
    const first = index.parts[0]?.rows as number;
    expect(data.size).toBe(first + (index.parts[1]?.rows as number));
    const { x, y } = await data.batch([index.parts[1]?.rows as number]);
    const one = table.take([0]);
    expect([...(await x.data())]).toEqual([...preparation.inputs(one).data]);
    expect([...(await y.data())]).toEqual([...preparation.targets(one).data]);
    expect(() => csvStream(source, index, preparation, { parts: [99] })).toThrow(/has no part 99/);
    await source.close();
  });
});

describe('a file of tokens', () => {
  const tokens = Uint16Array.from({ length: 103 }, (_, at) => (at * 7) % 50);
  const source = bytesOf(new Uint8Array(tokens.buffer), 'corpus.u16');
  const options = { context: 4, vocabulary: 50 } as const;

  test('is contexts and what comes next', async () => {
    const data = tokenStream(source, { ...options, shuffle: false, partBytes: 64, memory: 2000 });
    expect(data.size).toBe(25);
    for (const example of [0, 7, 8, 24]) {
      const { x, y } = await data.batch([example]);
      expect([x.shape, [...(await x.data())], [...(await y.data())]]).toEqual([
        [1, 4],
        [...tokens.subarray(4 * example, 4 * example + 4)],
        [...tokens.subarray(4 * example + 1, 4 * example + 5)],
      ]);
    }
    const mixed = tokenStream(source, { ...options, partBytes: 64, memory: 2000 });
    const firsts = new Set<string>();
    for (let example = 0; example < 25; example++)
      firsts.add([...(await (await mixed.batch([example])).x.data())].join());
    expect(firsts.size).toBe(25);
  });

  test.each([
    [{ vocabulary: 40 }, /token 6 is 42; there are 40, from 0/],
    [{ dtype: 'u32' }, /have? 206 bytes, which are no whole number of u32|has 206 bytes/],
    [{ context: 200 }, /has 103 tokens; one example takes 201/],
    [{ context: 0 }, /context is 0/],
  ] as const)('with %j is refused', async (change, problem) => {
    const attempt = async () => tokenStream(source, { ...options, shuffle: false, ...change }).batch([0, 1, 2]);
    await expect(attempt()).rejects.toThrow(problem);
  });
});
