// Runs the sample study, as a process that the tests can kill: `search-process.ts URL TRIALS`.
import { setTimeout } from 'node:timers/promises';
import { runSample, sampleStudy } from './sample-study.ts';

const [url = '', trials = '1'] = process.argv.slice(2);
try {
  const study = await sampleStudy(url);
  const tell = ({ type }: { readonly type: string }): void => {
    if (type === 'tell') process.stdout.write('tell\n');
  };
  await runSample(study, Number(trials), () => setTimeout(5), tell);
  await study.close();
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
  process.exitCode = 1;
}
