/** What a checkpoint says beside its tensors comes back as it was, or is refused. */
import { FormatError } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPosition, writePosition, type Fingerprint, type Position } from '../../src/train/position.ts';

const fingerprint: Fingerprint = {
  seed: 1,
  batchSize: 4,
  dropLast: false,
  shuffle: true,
  examples: 8,
  epochs: 2,
  optimizer: '{"type":"adam"}',
  schedule: '{"type":"constant"}',
  model: '{"type":"linear"}',
  loss: 'mse',
  clip: 'null',
  frozen: '[]',
  views: '{}',
};
const position: Position = {
  fingerprint,
  step: 4,
  learningRate: 0.1,
  seconds: 2,
  epochs: [1, 2].map((epoch) => ({
    epoch,
    loss: 0.5,
    learningRate: 0.1,
    validation: { loss: 0.25, accuracy: 1 },
    seconds: 1,
    examplesPerSecond: 100,
  })),
  generators: { 'layers.1': { seed: 3, draws: 2 } },
  best: { epoch: 1, value: 0.25 },
};

test('numbers come back as they were, also those that JSON has not', () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), fc.double(), (loss, measured, value) => {
      // JSON has no -0, and nothing depends on it.
      const [first] = position.epochs;
      const given = {
        ...position,
        epochs: [{ ...first, loss: loss + 0, validation: { loss: measured + 0 } }],
        best: { epoch: 1, value: value + 0 },
      } as Position;
      expect(readPosition(writePosition(given), fingerprint)).toEqual(given);
    }),
  );
});

/** Every place of a value: the names that lead there. */
function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => placesOf(part, [...path, name]))];
}

/** A value with another in a place. */
function changed(value: unknown, [name, ...rest]: readonly string[], put: unknown): unknown {
  if (name === undefined) return put;
  const inner = changed(Reflect.get(value as object, name), rest, put);
  if (Array.isArray(value)) return value.map((part: unknown, index) => (String(index) === name ? inner : part));
  return { ...(value as object), [name]: inner };
}

/** A list as deep as a text of JSON can say, which ends the stack of what makes a text of it. */
const endless = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

test('whatever stands in the place of a part is refused in brief', () => {
  const whole: unknown = JSON.parse(writePosition(position));
  for (const path of placesOf(whole)) {
    for (const put of [endless, '{"toString":{}}', `"${'x'.repeat(100_000)}"`, 'true', '1e999']) {
      // The depth is put in as text, for JSON.stringify has too little stack for it.
      const text = JSON.stringify(changed(whole, path, 'slot')).replace('"slot"', () => put);
      let error: unknown;
      try {
        readPosition(text, fingerprint);
      } catch (thrown) {
        error = thrown;
      }
      const isAsBefore = put === 'true' && path.join() === 'fingerprint,shuffle';
      // 1e999 is an infinite number, as some may be.
      if (isAsBefore || (put === '1e999' && error === undefined)) continue;
      expect([path, put.slice(0, 20), error]).toEqual([path, put.slice(0, 20), expect.any(Error)]);
      expect(error instanceof FormatError || error instanceof ArgumentError).toBe(true);
      expect((error as Error).message.length).toBeLessThan(600);
    }
  }
});
