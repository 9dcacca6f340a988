// Runs the shared study until so many trials have finished, as a process that may be killed at any time:
// `run-worker.ts URL TRIALS LEASE [MILLISECONDS]`. Each trial makes five reports, computing without a pause in between.
// Prints `ready`, and of every trial what became of it.
import { setTimeout } from 'node:timers/promises';
import { createStudy, type StopCondition } from '@espalier/search';
import { sharedStudy } from './shared-study.ts';

const [url = '', trials = '0', lease = '0', work = '10'] = process.argv.slice(2);
const until: StopCondition = {
  name: 'finished',
  check: ({ history }) => {
    const { length } = history.finished;
    return { fired: length >= Number(trials), progress: length / Number(trials), message: `${length} finished` };
  },
};
const compute = (milliseconds: number): void => {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
};

const study = await createStudy(sharedStudy(url));
process.stdout.write('ready\n');
await study.run(
  async (trial) => {
    for (let step = 1; step <= 5; step += 1) {
      compute(Number(work) / 5);
      trial.report(step, { loss: trial.config.x / step });
      await setTimeout(1);
    }
    return trial.config.x;
  },
  {
    stop: [until],
    ...(lease === '0' ? {} : { lease: Number(lease) }),
    onEvent: (event) => {
      if (event.type === 'tell') process.stdout.write(`told ${event.trial.number}\n`);
      if (event.type === 'lost') process.stdout.write(`lost ${event.number}\n`);
    },
  },
);
await study.close();
