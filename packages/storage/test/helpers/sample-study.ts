import {
  choice,
  createStudy,
  float,
  genetic,
  int,
  maxTrials,
  space,
  type RunEvent,
  type Storage,
  type Study,
  type TrialRecord,
} from '@espalier/search';

const domain = space({ n: int(1, 9), kind: choice({ a: { y: float(0, 1) }, b: {} }) });

/** A small study whose suggestions depend on every result before; resumed where it was left. */
export async function sampleStudy(storage: Storage | string): Promise<Study> {
  return createStudy({
    name: 's',
    storage,
    resume: true,
    space: domain,
    objectives: ['minimize f'],
    strategy: genetic({ population: 2 }),
    seed: 4,
  });
}

/** Runs the sample study to its end. */
export async function runSample(
  study: Study,
  trials: number,
  wait: () => Promise<unknown> = async () => undefined,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<void> {
  await study.run(
    async (trial) => {
      await wait();
      trial.report(1, { f: Number.NaN });
      const { n, kind } = trial.config as { n: number; kind: { y?: number } };
      return { f: (n - 4) ** 2 + (kind.y ?? 0.5) };
    },
    { stop: [maxTrials(trials)], onEvent },
  );
}

/** What a trial came to, without what depends on when and how often it was tried. */
export function essence(trials: readonly TrialRecord[]): readonly unknown[] {
  return trials.map(({ number, state, config, origin, metrics, reports }) => ({
    number,
    state,
    config,
    origin,
    metrics,
    curve: reports.map(({ step, metrics: told }) => ({ step, told })),
  }));
}
