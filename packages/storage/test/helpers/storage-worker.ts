// Claims, reports and finishes so many trials as fast as it can: `storage-worker.ts URL STUDY TRIALS`. It waits for a
// line after `ready`, so that several begin together.
import { once } from 'node:events';
import { openStorage, type ClaimedEvent } from '@espalier/search';

const [url = '', study = '', trials = '0'] = process.argv.slice(2);
const storage = await openStorage(url);
await storage.readStudy(study);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (let trial = 0; trial < Number(trials); trial += 1) {
  const { number, attempt } = await storage.claim(study, { worker: `${process.pid}`, at: Date.now(), lease: 60_000 });
  const token = { number, attempt, at: Date.now() };
  await storage.append(study, [
    { type: 'start', ...token, config: { x: trial }, origin: { operator: 'sample' }, basis: 0 },
  ]);
  const reports: ClaimedEvent[] = [1, 2, 3, 4, 5].map((step) => {
    return { type: 'report', ...token, step, metrics: { loss: 1 / step } };
  });
  await storage.append(study, [...reports, { type: 'finish', ...token, state: 'complete', metrics: { loss: 0.2 } }]);
}
await storage.close();
process.stdin.destroy();
