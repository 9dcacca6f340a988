/**
 * A study of 100,000 trials, in a journal and in SQLite: `npm run bench:large -- [journal] [sqlite] [--trials N]`. Written by
 * one process, opened by a fresh one; seconds, and the most memory that the opening process had, as the system tells it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStudy, float, maxTrials, openStudy, random, space } from '@espalier/search';
import { commandLine } from './command-line.mjs';

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

/** What a process of its own does with a storage. */
const jobs: Readonly<Record<string, (url: string, trials: number) => Promise<string>>> = {
  write: async (url, trials) => {
    const study = await createStudy({
      name: 'large',
      storage: url,
      space: space({ lr: float(1e-4, 1, { log: true }), momentum: float(0, 0.99) }),
      objectives: ['minimize loss'],
      strategy: random(),
      duplicates: 'repeat',
    });
    const began = performance.now();
    await study.run(({ config: { lr, momentum } }) => (lr - 0.01) ** 2 + momentum, { stop: [maxTrials(trials)] });
    await study.close();
    return `written in ${seconds(began)} s`;
  },
  open: async (url, trials) => {
    const began = performance.now();
    const study = await openStudy({ storage: url });
    if (study.trials.length !== trials || study.best === undefined)
      throw new Error(`it has ${study.trials.length} trials`);
    const took = seconds(began);
    await study.close();
    return `opened in ${took} s, ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most`;
  },
};

const [job, url = '', count = '0'] = process.argv.slice(2);
const run = jobs[job ?? ''];
if (run !== undefined) console.log(await run(url, Number(count)));
else {
  const { words, wholeNumbers } = commandLine(
    'bench:large',
    { trials: '100000' },
    { what: 'storage', names: ['journal', 'sqlite'] },
  );
  const [trials = 0] = wholeNumbers('trials') ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'espalier-large-'));
  const self = [...process.execArgv, fileURLToPath(import.meta.url)];
  try {
    for (const name of words) {
      const file = join(folder, name);
      for (const each of Object.keys(jobs)) {
        const said = execFileSync(process.execPath, [...self, each, `${name}:${file}`, String(trials)], {
          encoding: 'utf8',
        });
        console.log(`${name}, ${trials} trials: ${said.trim()}`);
      }
      console.log(`${name}: ${Math.round(statSync(file).size / 2 ** 20)} MiB`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
