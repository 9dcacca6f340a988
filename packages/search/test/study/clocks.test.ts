import { afterEach, expect, it, vi } from 'vitest';
import { createStudy, float, maxTime, maxTrials, space } from '../../src/index.ts';

const hour = 3_600_000;

/** Makes the clock on the wall jump by so many milliseconds each time that it is read. */
function jumpingWall(by: number): void {
  let wall = 1e12;
  vi.spyOn(Date, 'now').mockImplementation(() => (wall += by));
}

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  ['forward', hour],
  ['back', -hour],
])('a clock on the wall that jumps %s neither ends a run nor makes trials long', async (_, by) => {
  jumpingWall(by);
  const study = await createStudy({ name: 'jumps', space: space({ x: float(0, 1) }), objectives: ['minimize loss'] });
  const { stopped, elapsed } = await study.run(({ config: { x } }) => x, {
    stop: [maxTime(hour / 1000), maxTrials(5)],
  });
  expect(stopped.by).toBe('maxTrials(5)');
  expect(elapsed).toBeGreaterThanOrEqual(0);
  expect(elapsed).toBeLessThan(hour / 1000);
  expect(study.trials.every(({ spent }) => spent >= 0 && spent < hour)).toBe(true);
  // When it happened is what the clock on the wall said.
  expect(study.trials.map(({ startedAt = 0 }) => startedAt % hour)).toEqual(
    Array.from({ length: 5 }, () => 1e12 % hour),
  );
});

it('a claim does not run out because the clock on the wall jumps', async () => {
  jumpingWall(10 * hour);
  const study = await createStudy({ name: 'leases', space: space({ x: float(0, 1) }), objectives: ['minimize loss'] });
  const trial = await study.ask({ lease: hour });
  const next = await study.ask();
  expect(next.number).toBe(trial.number + 1);
  await expect(study.tell(trial, 1)).resolves.toMatchObject({ state: 'complete' });
});
