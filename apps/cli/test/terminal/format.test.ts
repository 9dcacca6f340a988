import { expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMacs,
  formatMilliseconds,
  formatPercent,
  formatSpan,
  formatValue,
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
  [formatValue(0.1 + 0.2), '0.3'],
  [formatValue(1_234_567.89), '1234570'],
  [formatValue(1e-9), '1e-9'],
  [formatSpan(0.0304), '30 ms'],
  [formatSpan(7.94), '7.9 s'],
  [formatSpan(9.97), '10 s'],
  [formatSpan(125), '2 min 05 s'],
  [formatDuration(9.4), '9 s'],
  [formatDuration(125), '2 min 05 s'],
  [formatDuration(3720), '1 h 02 min'],
])('%s is %s', (formatted, expected) => {
  expect(formatted).toBe(expected);
});
