import { createStudy, openStorage } from '@espalier/search';
import { startScript } from './processes.ts';
import { flaws, sharedStudy } from './shared-study.ts';

/** Has processes claim, report and finish so many trials each, all at once, and looks at what is stored then. */
export async function stampede(
  url: string,
  processes: number,
  each: number,
): Promise<{ readonly trials: number; readonly perSecond: number; readonly flaws: readonly string[] }> {
  const study = 'stampede';
  const created = await createStudy({ ...sharedStudy(url), name: study });
  await created.close();
  const workers = Array.from({ length: processes }, () => startScript('storage-worker.ts', [url, study, String(each)]));
  await Promise.all(workers.map((worker) => worker.says('ready')));
  const began = performance.now();
  for (const worker of workers) worker.tell('go');
  const codes = await Promise.all(workers.map(({ ended }) => ended));
  const seconds = (performance.now() - began) / 1000;
  const storage = await openStorage(url);
  const events = await storage.read(study, 0);
  await storage.close();
  const trials = events.filter(({ event }) => event.type === 'finish').length;
  const failed = codes.filter((code) => code !== 0).map((code) => `a process ended with code ${code}`);
  const missing = trials === processes * each ? [] : [`${trials} of ${processes * each} trials finished`];
  return { trials, perSecond: trials / seconds, flaws: [...failed, ...missing, ...flaws(events)] };
}
