/** Figures for people. */
import type { LatencyRatio } from '../cost/compare-latency.ts';

const thousands = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** A count: `12,345`. */
export function showCount(value: number): string {
  return thousands(Math.round(value));
}

/** Bytes in decimal units: `987 B`, `12.3 kB`, `1.20 MB`. */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

/** A share: `98.54 %`. */
export function showShare(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** A time: `0.123 ms`. */
export function showMs(ms: number): string {
  return `${ms.toPrecision(3)} ms`;
}

/** A ratio with its interval, if there were enough runs for one: `0.98 (0.95–1.02)`. */
export function showRatio({ ratio, low, high }: LatencyRatio): string {
  return `${ratio.toFixed(2)} (${high === null ? 'too few runs to tell' : `${low.toFixed(2)}–${high.toFixed(2)}`})`;
}
