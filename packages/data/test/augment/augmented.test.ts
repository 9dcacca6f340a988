import { AdamW, build, ConfigError, crossEntropy, fit, tensorDataset } from '@espalier/nn';
import { augmented, type Augmentation, type AugmentedDataset } from '@espalier/data';
import { describe, expect, test } from 'vitest';

const [count, channels, height, width] = [6, 2, 4, 5];
const pixels = Float32Array.from({ length: count * channels * height * width }, (_, at) => 1 + at);
const labels = Int32Array.from({ length: count }, (_, row) => row % 3);
const plain = () =>
  tensorDataset({ data: pixels, shape: [count, channels, height, width] }, { data: labels, shape: [count] });
const all = Array.from({ length: count }, (_, row) => row);

const open = (entries: readonly Augmentation[], seed = 1): AugmentedDataset =>
  augmented(plain(), entries, { size: [height, width], seed, classes: 3 });
async function batch(data: AugmentedDataset): Promise<{ x: number[]; y: number[] }> {
  const { x, y } = await data.batch(all);
  return { x: [...(await x.data())], y: [...(await y.data())] };
}

/** The pixel of a picture, or black outside of it. */
const pixel = (row: number, channel: number, y: number, x: number): number =>
  y < 0 || x < 0 || y >= height || x >= width
    ? 0
    : (pixels[((row * channels + channel) * height + y) * width + x] as number);
const drawn = (of: (row: number, channel: number, y: number, x: number) => number): number[] =>
  Array.from(pixels, (_, at) =>
    of(
      Math.floor(at / (channels * height * width)),
      Math.floor(at / (height * width)) % channels,
      Math.floor(at / width) % height,
      at % width,
    ),
  );

describe('pictures are changed as entries say', () => {
  test.each([
    ['nothing', [], (row, channel, y, x) => pixel(row, channel, y, x)],
    ['mirrored', [{ type: 'flip', chance: 1 }], (row, channel, y, x) => pixel(row, channel, y, width - 1 - x)],
    [
      'upside down',
      [{ type: 'flip', axis: 'vertical', chance: 1 }],
      (row, channel, y, x) => pixel(row, channel, height - 1 - y, x),
    ],
    ['never mirrored', [{ type: 'flip', chance: 0 }], (row, channel, y, x) => pixel(row, channel, y, x)],
  ] satisfies [string, Augmentation[], typeof pixel][])('%s', async (_, entries, of) => {
    expect((await batch(open(entries))).x).toEqual(drawn(of));
  });

  test('crop moves by whole pixels, within its bound, each picture by itself', async () => {
    const data = open([{ type: 'crop', by: 2 }]);
    const seen = new Set<string>();
    for (let time = 0; time < 10; time++) {
      const { x } = await batch(data);
      for (const row of all) {
        const size = channels * height * width;
        const own = x.slice(row * size, (row + 1) * size);
        const moves = [-2, -1, 0, 1, 2].flatMap((dy) => [-2, -1, 0, 1, 2].map((dx) => [dy, dx] as const));
        const move = moves.find(([dy, dx]) =>
          own.every(
            (value, at) =>
              value ===
              pixel(row, Math.floor(at / (height * width)), (Math.floor(at / width) % height) + dy, (at % width) + dx),
          ),
        );
        expect(move).toBeDefined();
        seen.add(String(move));
      }
    }
    expect(seen.size).toBeGreaterThan(12);
  });

  test('rotate keeps the middle, and a full turn the picture', async () => {
    const square = Float32Array.from({ length: 9 }, (_, at) => at + 1);
    const data = augmented(
      tensorDataset({ data: square, shape: [1, 1, 3, 3] }, { data: labels.subarray(0, 1), shape: [1] }),
      [{ type: 'rotate', degrees: 180 }],
      { size: [3, 3] },
    );
    for (let time = 0; time < 5; time++) {
      const values = [...(await (await data.batch([0])).x.data())];
      expect(values[4]).toBeCloseTo(5, 5);
      expect(Math.max(...values)).toBeLessThanOrEqual(9);
    }
  });

  test('cut-out makes a square black, and nothing else', async () => {
    const { x } = await batch(open([{ type: 'cut-out', size: 2 }]));
    const isBlack = x.filter((value, at) => value !== pixels[at]);
    expect(isBlack.every((value) => value === 0)).toBe(true);
    expect(isBlack.length).toBeGreaterThanOrEqual(count * channels);
    expect(isBlack.length).toBeLessThanOrEqual(count * channels * 4);
  });

  test('mix-up mixes pictures and targets by the same shares', async () => {
    const { x, y } = await batch(open([{ type: 'mix-up', alpha: 0.4 }]));
    const size = channels * height * width;
    for (const row of all) {
      const shares = y.slice(3 * row, 3 * row + 3);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      // Pixels of picture r are r · size + 1, …: their mean says who was mixed.
      const own = x[row * size] as number;
      expect(own).toBeGreaterThanOrEqual(1);
      expect(own).toBeLessThanOrEqual((count - 1) * size + 1);
    }
  });
});

test('draws are a function of seed and number, and go on from a state', async () => {
  const entries: Augmentation[] = [
    { type: 'flip' },
    { type: 'crop', by: 1 },
    { type: 'rotate', degrees: 20 },
    { type: 'mix-up', alpha: 1 },
  ];
  const [first, again, other] = [open(entries), open(entries), open(entries, 2)];
  const batches = [await batch(first), await batch(first), await batch(first)];
  expect(await batch(again)).toEqual(batches[0]);
  expect(batches[1]).not.toEqual(batches[0]);
  expect(await batch(other)).not.toEqual(batches[0]);
  const later = open(entries);
  await batch(later);
  const resumed = open(entries);
  resumed.restore(JSON.parse(JSON.stringify(later.state())));
  expect([await batch(resumed), await batch(resumed)]).toEqual(batches.slice(1));
});

test('a model is trained on them', async () => {
  const model = build(
    { type: 'sequential', layers: [{ type: 'flatten' }, { type: 'linear', in: channels * height * width, out: 3 }] },
    { seed: 1 },
  );
  const data = augmented(plain(), [{ type: 'flip' }, { type: 'mix-up', alpha: 0.2 }], {
    size: [height, width],
    classes: 3,
  });
  const { epochs } = await fit(model, data, {
    loss: crossEntropy,
    optimizer: new AdamW({ lr: 1e-3 }),
    epochs: 3,
    batchSize: 3,
  });
  expect(Number.isFinite(epochs.at(-1)?.loss)).toBe(true);
});

test.each([
  [[{ type: 'crop', by: -1 }], /crop.by: is -1; it must be a number from 0/],
  [[{ type: 'flip', chance: 2 }], /flip.chance: is 2/],
  [[{ type: 'blur' }], /type: is "blur"; there are flip, crop, rotate, cut-out and mix-up/],
  [[{ type: 'mix-up' }], /mix-up.alpha: is missing|mix-up.alpha/],
])('%j is refused', (entries, problem) => {
  expect(() => open(entries as Augmentation[])).toThrow(ConfigError);
  expect(() => open(entries as Augmentation[])).toThrow(problem);
});
