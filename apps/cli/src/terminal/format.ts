/** Numbers for people: counts, bytes, times and ratios. */
import type { LatencyRatio } from '@espalier/optimize';

export { formatPercent } from '@espalier/pipeline';

/** `1234567` as `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Scales a number by thousands: `41234` as `41.2 k`. */
function scaled(value: number, units: readonly string[]): string {
  let [rest, unit] = [value, 0];
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  return `${rest.toFixed(digits)} ${units[unit] ?? ''}`.trimEnd();
}

/** Bytes in powers of a thousand: `41234` as `41.2 kB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, ['B', 'kB', 'MB', 'GB']);
}

/** Multiply-accumulates: `320000` as `320 k`. */
export function formatMacs(macs: number): string {
  return scaled(macs, ['', 'k', 'M', 'G']);
}

/** Milliseconds with three digits. */
export function formatMilliseconds(milliseconds: number): string {
  return `${milliseconds.toPrecision(3)} ms`;
}

/** A ratio of latencies with its interval, and what that says: `0.98 (0.95–1.02), not faster`. */
export function formatLatencyRatio({ ratio, low, high, verdict }: LatencyRatio): string {
  const interval = high === null ? 'too few runs to tell' : `${low.toFixed(2)}–${high.toFixed(2)}`;
  return `${ratio.toFixed(2)} (${interval}), ${verdict}`;
}

/** A number with as many digits as tell something. */
export function formatValue(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Seconds with the digits that tell something: `340 ms`, `2.1 s`, then as a clock would be read aloud. */
export function formatSpan(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(Math.max(0, seconds) * 1000)} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}

/** Seconds, as a clock would be read aloud: `9 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (part: number): string => String(part).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}
