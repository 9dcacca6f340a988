/**
 * What the storages of `@espalier/search` bear: `npm run bench:storage -- [sqlite] [postgres] [--seconds N] [--json FILE]`.
 *
 * First 8 processes claim trials, report five times and finish, as fast as they can. Then 8 processes run one study
 * while one of them is killed every second, for a minute, and PostgreSQL's server crashes now and then; every trial has
 * to end exactly once, and nothing may be lost.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../packages/search/test/helpers/postgres-server.ts';
import { siege } from '../../packages/search/test/helpers/siege.ts';
import { stampede } from '../../packages/search/test/helpers/stampede.ts';
import { postgresPath } from '../devices.mjs';
import { commandLine } from './command-line.mjs';

const processes = 8;

interface Place {
  readonly url: string;
  readonly restart?: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

const places: Readonly<Record<string, () => Promise<Place | undefined>>> = {
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
    return { url: `sqlite:${join(folder, 'study.db')}`, remove: async () => rmSync(folder, { recursive: true }) };
  },
  postgres: async () => {
    const bin = postgresPath();
    if (bin === undefined) return undefined;
    const { url, restart, stop } = await startPostgres(bin, true);
    return { url, restart, remove: stop };
  },
};

const { words, wholeNumbers, option } = commandLine(
  'bench:storage',
  { seconds: '60', trials: '500', json: undefined },
  { what: 'storage', names: Object.keys(places) },
);
const [seconds = 0] = wholeNumbers('seconds') ?? [];
const [trials = 0] = wholeNumbers('trials') ?? [];
const resultsFile = option('json');
const results = [];
for (const name of words) {
  const place = await places[name]?.();
  if (place === undefined) {
    console.log(`${name}: left out: it is not on this machine`);
    continue;
  }
  try {
    const load = loadavg()[0] ?? 0;
    const speed = await stampede(place.url, processes, trials);
    console.log(
      `${name}: ${Math.round(speed.perSecond)} trials/s of five reports, ${processes} processes, ${speed.trials} trials, ` +
        `${speed.flaws.length} flaws; load before: ${load.toFixed(1)}`,
    );
    const { flaws, ...siegeResult } = await siege(place, { processes, seconds, killEvery: 1000, lease: 3000 });
    console.log(
      `${name}: ${siegeResult.finished} trials finished in ${seconds} s of kills: ${siegeResult.killed} processes killed, ` +
        `${siegeResult.suspended} suspended beyond their lease, ${siegeResult.restarts} restarts of the server; ` +
        `${siegeResult.retried} trials tried again, ${siegeResult.refused} late writes refused, ${flaws.length} flaws`,
    );
    for (const flaw of [...speed.flaws, ...flaws]) console.log(`  ${flaw}`);
    if (speed.flaws.length + flaws.length > 0) process.exitCode = 1;
    results.push({ name, load, processes, speed, siege: { ...siegeResult, flaws } });
  } finally {
    await place.remove();
  }
}
if (resultsFile !== undefined) writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
