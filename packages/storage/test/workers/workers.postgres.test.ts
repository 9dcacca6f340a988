import { expect, it } from 'vitest';
import { postgresServer } from '../helpers/postgres.ts';
import { siege } from '../helpers/siege.ts';
import { stampede } from '../helpers/stampede.ts';

const { emptyDatabase, restart } = postgresServer();

it('eight processes at once make no error, and numbers without gaps', async () => {
  const { trials, flaws } = await stampede(await emptyDatabase(), 8, 10);
  expect(flaws).toEqual([]);
  expect(trials).toBe(80);
});

it('processes killed or suspended at any time lose nothing, even when the server crashes', async () => {
  const place = { url: await emptyDatabase(), restart };
  const result = await siege(place, { processes: 4, seconds: 5, killEvery: 500, lease: 3000 });
  expect(result.flaws).toEqual([]);
  expect(result.killed).toBeGreaterThan(0);
  expect(result.restarts).toBeGreaterThan(0);
  expect(result.finished).toBeGreaterThan(4);
});
