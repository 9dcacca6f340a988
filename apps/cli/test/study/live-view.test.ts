import { createStudy, float, maxTrials, medianStopping, random, space, TrialPruned } from '@espalier/search';
import { describe, expect, test } from 'vitest';
import { formatValue, renderStatus, sparkline } from '../../src/study/render-status.ts';
import { statusOf } from '../../src/study/status.ts';
import { createBlock } from '../../src/terminal/block.ts';
import { FakeStream } from '../helpers/fake-stream.ts';

const plain = new FakeStream();

describe('sparkline', () => {
  test('is as high as the values, the latest on the right', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([3, 3, 3])).toBe('▁▁▁');
    expect(sparkline([1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([])).toBe('');
  });

  test('has no more bars than fit', () => {
    const many = Array.from({ length: 1000 }, (_, index) => index);
    expect([...sparkline(many, 10)]).toHaveLength(10);
    expect(sparkline(many, 10).endsWith('█')).toBe(true);
  });
});

test('values have as many digits as tell something', () => {
  expect([0.1 + 0.2, 1234567.89, 1e-9, 3].map(formatValue)).toEqual(['0.3', '1234570', '1e-9', '3']);
});

describe('the state of a study', () => {
  test('tells the nearest end, the best and by how much, each worker, and what early stopping saved', async () => {
    let clock = 0;
    const study = await createStudy({
      name: 'digits',
      space: space({ x: float(0, 1) }),
      objectives: ['minimize loss'],
      strategy: random(),
      earlyStopping: medianStopping({ startup: 2 }),
      now: () => clock,
    });
    await study.run(
      async (trial) => {
        for (let step = 1; step <= 4; step += 1) {
          clock += 1000;
          trial.report(step, { loss: trial.config.x });
          if (await trial.shouldStop()) throw new TrialPruned();
        }
        return trial.config.x;
      },
      { stop: [maxTrials(20)] },
    );
    const open = await study.ask({ worker: 'worker 7' });
    open.report(2, { loss: 0.5 });
    clock += 5000;
    await open.save(2, null);
    await study.sync();
    const status = statusOf(study, [maxTrials(40)], 0);
    expect(status.counts.pruned).toBeGreaterThan(3);
    expect(status.savedSeconds).toBe(3 * status.counts.pruned);
    expect(status.best?.value).toBe(study.best?.metrics['loss']);
    expect(status.nearest?.progress).toBe(0.5);
    expect(status.secondsLeft).toBe(clock / 1000);
    expect(status.workers).toEqual([{ worker: 'worker 7', trial: 20, step: 2, metrics: { loss: 0.5 }, seconds: 5 }]);
    const lines = renderStatus(status, plain);
    expect(lines[0]).toBe('digits · random · seed 0 · memory:');
    expect(lines[1]).toMatch(/1 running · \d+ complete · \d+ pruned/u);
    expect(lines[2]).toMatch(/^ {2}█{12}░{12} maxTrials\(40\): 21 of 40 trials · .* left$/u);
    expect(lines[3]).toMatch(/^ {2}best [\d.e-]+ in trial \d+ \(better by [\d.e-]+\) {2}[▁-█]+$/u);
    expect(lines[4]).toMatch(/early stopping saved about/u);
    expect(lines[5]).toBe('  worker 7: trial 20 · step 2 · loss 0.5 · 5 s');
  });

  test('of several objectives tells the front', async () => {
    const study = await createStudy({
      name: 'two',
      space: space({ x: float(0, 1) }),
      objectives: ['minimize a', 'maximize b'],
      strategy: random(),
    });
    await study.run(({ config: { x } }) => ({ a: x, b: x }), { stop: [maxTrials(15)] });
    const lines = renderStatus(statusOf(study, [], study.now()), plain);
    expect(lines.join('\n')).toMatch(/front of 15: trials 0, 1, .*…/u);
  });
});

test('a block is redrawn in place, wrapped lines counted', () => {
  const stream = new FakeStream({ columns: 10 });
  const block = createBlock(stream);
  block.update(['one', 'a line of 25 characters ..']);
  block.update(['two']);
  expect(stream.text).toBe('\r\u001B[Jone\na line of 25 characters ..\n\u001B[4A\r\u001B[Jtwo\n');
  block.finish();
  block.update(['three']);
  expect(stream.text.endsWith('two\n\r\u001B[Jthree\n')).toBe(true);
});
