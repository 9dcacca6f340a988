/** What is done with studies that were accepted: as programs do, they are looked at and gone on with. */
import {
  createStudy,
  float,
  int,
  choice,
  list,
  maxTrials,
  openStorage,
  openStudy,
  space,
  tpe,
  type Storage,
} from '@espalier/search';

const domain = space({
  lr: float(1e-4, 1, { log: true }),
  width: int(8, 64, { step: 8 }),
  kind: choice({ adam: { beta: float(0, 1) }, sgd: {} }),
  sizes: list(int(1, 4), { min: 1, max: 3 }),
});

/** A study with something of everything that can happen in one. */
export async function seedStudy(storage: Storage | string, name: string): Promise<void> {
  await using study = await createStudy({
    name,
    storage,
    space: domain,
    objectives: ['minimize loss'],
    constraints: ['bytes <= 10kB'],
    strategy: tpe({ initial: 4 }),
    seed: 3,
    attributes: { note: 'made for mutants' },
  });
  await study.enqueue({ lr: 0.1, width: 8, kind: { type: 'sgd' }, sizes: [1] });
  await study.run(
    async (trial) => {
      const { lr, width } = trial.config;
      trial.report(1, { loss: Number.NaN });
      await trial.save(1, { weights: `${trial.number}` });
      trial.report(2, { loss: lr });
      if (trial.number === 3) throw new Error('it broke');
      return { loss: lr * width, bytes: width * 100 };
    },
    { stop: [maxTrials(7)] },
  );
  const trial = await study.ask();
  await study.release(trial);
  await study.ask();
}

/** How many studies of a file are opened. */
const most = 3;

/** Reads a file of studies. */
export async function readStudies(url: string): Promise<void> {
  const storage = await openStorage(`${url}?mode=ro`);
  try {
    for (const name of (await storage.listStudies()).slice(0, most)) await openStudy({ storage, name });
  } finally {
    await storage.close();
  }
}

/** Goes on with the studies of a file. */
export async function useFile(url: string): Promise<void> {
  const storage = await openStorage(url);
  try {
    await useStudies(storage);
  } finally {
    await storage.close();
  }
}

/** Does what a program does with the studies of a storage: looks at them and goes on with them. */
export async function useStudies(storage: Storage): Promise<void> {
  for (const name of (await storage.listStudies()).slice(0, most)) {
    const study = await openStudy({ storage, name });
    const { trials, space: found } = study;
    if (study.criteria.objectives.length === 1) void study.leading;
    void study.front;
    for (const { config } of trials.slice(0, 20)) found.key(config);
    String(found);
    const trial = await study.ask();
    trial.report(1, Object.fromEntries(study.criteria.objectives.map(({ metric }) => [metric, 1])));
    await study.release(trial);
    JSON.stringify(study.trials.slice(0, 20));
  }
}
