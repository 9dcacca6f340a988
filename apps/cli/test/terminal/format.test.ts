import { expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMacs,
  formatMilliseconds,
  formatPercent,
} from '../../src/terminal/format.ts';

test.each([
  [formatCount(1_234_567), '1,234,567'],
  [formatPercent(0.987_65), '98.77 %'],
  [formatPercent(1), '100.00 %'],
  [formatBytes(999), '999 B'],
  [formatBytes(41_234), '41.2 kB'],
  [formatBytes(999_950), '1.0 MB'],
  [formatMacs(320_000), '320 k'],
  [formatMacs(12), '12'],
  [formatMilliseconds(0.123_456), '0.123 ms'],
  [formatDuration(9.4), '9 s'],
  [formatDuration(125), '2 min 05 s'],
  [formatDuration(3720), '1 h 02 min'],
])('%s is %s', (formatted, expected) => {
  expect(formatted).toBe(expected);
});
