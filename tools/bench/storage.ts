/**
 * What the storages of `@espalier/storage` bear: `npm run bench:storage -- [sqlite] [postgres] [--seconds N] [--json FILE]`.
 *
 * First 8 processes claim trials, report five times and finish, as fast as they can. Then 8 processes run one study
 * while one of them is killed every second, for a minute, and PostgreSQL's server crashes now and then; every trial has
 * to end exactly once, and nothing may be lost. Where Python (`PYTHON`, else python3) has Optuna, its SQLite storage is
 * timed in the same run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../packages/storage/test/helpers/postgres-server.ts';
import { siege } from '../../packages/storage/test/helpers/siege.ts';
import { stampede } from '../../packages/storage/test/helpers/stampede.ts';
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

interface OptunaSpeed {
  readonly version: string;
  /** Trials a second as it opens a file by default, which forces each commit to the disk, and as we do. */
  readonly usual: number;
  readonly relaxed: number;
}

/** How fast Optuna's storage is here; undefined where there is none. */
function optunaSpeed(): OptunaSpeed | undefined {
  const script = fileURLToPath(new URL('optuna_storage.py', import.meta.url));
  try {
    const printed = execFileSync(process.env['PYTHON'] ?? 'python3', [script, String(processes), '20'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(printed) as OptunaSpeed;
  } catch {
    return undefined;
  }
}

/** Our speed on SQLite beside Optuna's, if that can be had. */
function compareWithOptuna(perSecond: number): OptunaSpeed | undefined {
  const optuna = optunaSpeed();
  if (optuna === undefined) {
    console.log('optuna: left out: Python does not import it; name one that does in PYTHON');
    return undefined;
  }
  const { version, usual, relaxed } = optuna;
  const beside = (rate: number): string => `${rate.toFixed(1)} trials/s, ${Math.round(perSecond / rate)} times fewer`;
  console.log(
    `optuna ${version}: ${beside(usual)}; with a log that is not forced to the disk, as ours: ${beside(relaxed)}`,
  );
  return optuna;
}

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
    const optuna = name === 'sqlite' ? compareWithOptuna(speed.perSecond) : undefined;
    const { flaws, ...siegeResult } = await siege(place, { processes, seconds, killEvery: 1000, lease: 3000 });
    console.log(
      `${name}: ${siegeResult.finished} trials finished in ${seconds} s of kills: ${siegeResult.killed} processes killed, ` +
        `${siegeResult.suspended} suspended beyond their lease, ${siegeResult.restarts} restarts of the server; ` +
        `${siegeResult.retried} trials tried again, ${siegeResult.refused} late writes refused, ${flaws.length} flaws`,
    );
    for (const flaw of [...speed.flaws, ...flaws]) console.log(`  ${flaw}`);
    if (speed.flaws.length + flaws.length > 0) process.exitCode = 1;
    results.push({ name, load, processes, speed, optuna, siege: { ...siegeResult, flaws } });
  } finally {
    await place.remove();
  }
}
if (resultsFile !== undefined) writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
