// Prints of each of PyTorch's ops how many samples agree on the cpu device, and how many differ as they are meant to.
import { cpu } from '@espalier/tensor';
import { check, dtypesOf } from './check.ts';
import { golden } from './file.ts';
import { meant } from './meant.ts';

const device = cpu();
const total = { same: 0, meant: 0, wrong: 0 };
const row = (name: string, counts: typeof total): string =>
  [name.padEnd(50), ...[counts.same, counts.meant, counts.wrong].map((count) => String(count).padStart(8))].join('');

console.log(`torch ${golden.torch}`.padEnd(50) + '   agree   meant   wrong');
for (const [op, samples] of Object.entries(golden.ops)) {
  const counts = { same: 0, meant: 0, wrong: 0 };
  for (const sample of samples)
    for (const dtype of dtypesOf(sample, device)) {
      const outcome = await check(op, sample, dtype, device);
      counts[outcome.verdict === 'same' ? 'same' : meant(outcome) ? 'meant' : 'wrong']++;
    }
  for (const key of ['same', 'meant', 'wrong'] as const) total[key] += counts[key];
  console.log(row(op, counts));
}
console.log(row('all', total));
