/**
 * Strategies on the tabular benchmark, `npm run bench:tabular`: 1,024 tiny networks that our engine trained on digits
 * (generate.ts), against what random search reaches on average, exactly. `-- --seeds N` for another number of seeds.
 */
import { agingEvolution, asha, coordinateDescent, genetic, greedy, tpe } from '@espalier/search';
import { commandLine } from '../command-line.mjs';
import { costToReach, fullCost, meanBest, progressOf, randomTrialsToReach } from './compare.ts';
import { expectedBest, worths } from './table.ts';
import { tabularSpace, task } from './space.ts';

const [seeds = 0] = commandLine('bench:tabular', { seeds: '50' }).wholeNumbers('seeds') ?? [];
const counts = [25, 50, 100, 150];
const strategies = {
  greedy,
  agingEvolution: () => agingEvolution({ population: 30, sample: 10 }),
  coordinateDescent,
  genetic,
  tpe,
} as const;
const percent = (part: number): string => `${(part * 100).toFixed(2).padStart(6)} %`;
const row = (name: string, cells: readonly string[]): void => console.log(name.padEnd(20), cells.join('  '));

console.log(
  `${tabularSpace.size} networks; the best reaches ${percent(worths[0] ?? 0).trim()}, the median ${percent(worths[worths.length >> 1] ?? 0).trim()}`,
);
console.log(`\nbest of so many full trainings, mean of ${seeds} seeds`);
row(
  '',
  counts.map((count) => String(count).padStart(8)),
);
row(
  'random, expected',
  counts.map((count) => percent(expectedBest(count))),
);
for (const [name, make] of Object.entries(strategies)) {
  const best = await meanBest(() => make(), Math.max(...counts), seeds);
  row(
    name,
    counts.map((count) => percent(best[count - 1] ?? 0)),
  );
}

console.log(
  `\nasha (${task.epochs} epochs, eta 2, 8 workers): compute to reach the best it finds, against full trainings at random`,
);
const ratios: number[] = [];
for (let seed = 0; seed < seeds; seed += 1) {
  const progress = await progressOf(asha({ min: 1, max: task.epochs, eta: 2 }), seed, 40, 8);
  const found = progress.at(-1)?.best ?? 0;
  ratios.push(costToReach(progress, found) / (randomTrialsToReach(found) * fullCost));
}
const sorted = ratios.toSorted((a, b) => a - b);
console.log(
  `median ${(sorted[seeds >> 1] ?? 0).toFixed(3)}, quartiles ${(sorted[seeds >> 2] ?? 0).toFixed(3)} to ${(sorted[(3 * seeds) >> 2] ?? 0).toFixed(3)}`,
);
