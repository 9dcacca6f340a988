import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutLimitWarnings } from '../src/node/workers/limit-warnings.ts';

const warning = (kind: string, from: number): string =>
  `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from ${from} to 16 to fit dynamic offset allocation limit.\n`;
const warnings = fc
  .record({ kind: fc.constantFrom('Uniform', 'Storage'), from: fc.nat() })
  .map(({ kind, from }) => warning(kind, from));
const whole = warning('Uniform', 500_000);
/** What resembles a warning and is none: a part of one, one in a line of others, one with a word more. */
const others = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => `${Buffer.from(bytes).toString('latin1')}\n`),
  fc.nat({ max: whole.length - 2 }).map((length) => `${whole.slice(0, length)}\n`),
  fc.constantFrom(`x${whole}`, `${whole.trimEnd()} And more.\n`, 'Warning: another\n', '\n', 'Warning: maxDynamic\n'),
);
const line = fc.oneof(
  warnings.map((text) => ({ text, isKept: false })),
  others.map((text) => ({ text, isKept: true })),
);

/** What a filter hands on of a text that comes in pieces which end at some places. */
function handedOn(text: string, ends: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  const filter = withoutLimitWarnings((bytes) => pieces.push(Buffer.from(bytes).toString('latin1')));
  let from = 0;
  for (const end of [...ends.toSorted((a, b) => a - b), text.length]) {
    filter.write(Buffer.from(text.slice(from, end), 'latin1'));
    from = Math.max(from, end);
  }
  filter.end();
  return pieces;
}

test('whole lines of those warnings vanish, and every other byte stays, in order, however it is cut in pieces', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat({ max: 1500 })), fc.boolean(), (lines, ends, cut) => {
      const text = lines.map((each) => each.text).join('');
      // An end without a line break is no whole line.
      const rest = cut ? whole.slice(0, 50) : '';
      const kept = lines.filter(({ isKept }) => isKept).map((each) => each.text);
      // A random byte sequence may hold a line break, and so several lines; none of them is a warning.
      expect(handedOn(text + rest, ends).join('')).toBe(kept.join('') + rest);
    }),
  );
});

test('what cannot become such a warning waits for no end of its line', () => {
  const seen: string[] = [];
  const filter = withoutLimitWarnings((bytes) => seen.push(Buffer.from(bytes).toString()));
  for (const text of ['working', '...', ' done\nWarning: no', ' disk', '\n', whole.slice(0, 16), 'x']) {
    filter.write(Buffer.from(text));
  }
  expect(seen).toEqual(['working', '...', ' done\nWarning: no', ' disk', '\n', `${whole.slice(0, 16)}x`]);
});
