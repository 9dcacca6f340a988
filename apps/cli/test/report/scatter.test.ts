import { expect, test } from 'vitest';
import { scatter } from '../../src/report/html/scatter.ts';

/** The places of all dots. */
const dotsIn = (markup: string): number[][] =>
  [...markup.matchAll(/cx="([\d.-]+)"\s+cy="([\d.-]+)"/gu)].map(([, x, y]) => [Number(x), Number(y)]);

test('a dot for each example, those that are right on the line from corner to corner', () => {
  const actual = [1, 2, 3, 4, 5];
  const { markup } = scatter({ name: 'price <net>', actual, predicted: [1, 2, 3, 4, 1] });
  const dots = dotsIn(markup) as [number, number][];
  expect(dots.length).toBe(5);
  const [[x1, y1], [x2, y2]] = [
    ...(/points="([\d.-]+),([\d.-]+) ([\d.-]+),([\d.-]+)"/u.exec(markup)?.slice(1).map(Number) ?? []),
  ].reduce<number[][]>((pairs, value, index) => {
    if (index % 2 === 0) pairs.push([value]);
    else pairs.at(-1)?.push(value);
    return pairs;
  }, []) as [[number, number], [number, number]];
  const heightAt = (x: number): number => y1 + ((x - x1) / (x2 - x1)) * (y2 - y1);
  for (const [x, y] of dots.slice(0, 4)) expect(y).toBeCloseTo(heightAt(x), 0);
  // What is said too low lies below the line, where y is larger.
  expect(dots[4]?.[1]).toBeGreaterThan(heightAt(dots[4]?.[0] ?? 0) + 20);
  expect(markup).toContain('price &lt;net&gt;');
});
