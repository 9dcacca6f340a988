/** Makes the sources and jobs that need Node known by their names, once for each thread that imports this. */
import { registerSource } from '../data/source.ts';
import { registerJob } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { idxSource, mnistSource } from './idx-source.ts';
import { assess, predict } from './jobs/ask.ts';
import { compare } from './jobs/compare.ts';
import { distill } from './jobs/distill.ts';
import { judge } from './jobs/judge.ts';
import { measure } from './jobs/measure.ts';
import { optimize } from './jobs/optimize.ts';
import { prune } from './jobs/prune.ts';
import { quantize } from './jobs/quantize.ts';
import { reachGoals } from './jobs/reach-goals.ts';
import { train } from './jobs/train.ts';
import { crossValidate, trial } from './jobs/trial.ts';
import { numbersSource } from './numbers/numbers-source.ts';
import { pictureSource } from './pictures/picture-source.ts';
import { streamedTableSource } from './stream/stream-source.ts';
import { tokensSource } from './stream/tokens-source.ts';
import { continueText } from './text/predict-text.ts';
import { textSource } from './text/text-source.ts';
import { preparedTableSource } from './table/prepared-table.ts';
import { tableSource } from './table/table-source.ts';

const jobs: Jobs = {
  trial,
  crossValidate,
  train,
  prune,
  quantize,
  distill,
  optimize,
  reachGoals,
  measure,
  compare,
  judge,
  predict,
  continueText,
  assess,
};

registerSource(mnistSource);
registerSource(idxSource);
registerSource(tableSource);
registerSource(preparedTableSource);
registerSource(pictureSource);
registerSource(textSource);
registerSource(streamedTableSource);
registerSource(tokensSource);
registerSource(numbersSource);
for (const [name, run] of Object.entries(jobs)) registerJob({ name, run });
