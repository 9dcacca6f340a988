/** Maps values to positions along an axis. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly position: (value: number) => number;
}

/** The distance of ticks: 1, 2 or 5 times a power of ten, so that there are about `count`. */
function tickStep(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

/** An even scale that covers the values, from position `start` to `end`. */
export function linearScale(values: readonly number[], start: number, end: number, tickCount = 5): Scale {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const step = tickStep(high - low, tickCount);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  const position = (value: number): number => start + ((value / step - first) / (last - first)) * (end - start);
  return { ticks, position };
}

/** A scale on which equal ratios are equally far apart; its ticks are 1, 2 and 5 times powers of ten. */
export function logScale(values: readonly number[], start: number, end: number): Scale {
  const [low, high] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const position = (value: number): number => start + (Math.log(value / low) / Math.log(high / low)) * (end - start);
  const powers = Array.from({ length: 24 }, (_, power) => 10 ** (power - 6));
  const candidates = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  return { ticks: candidates.filter((tick) => tick >= low && tick <= high), position };
}
