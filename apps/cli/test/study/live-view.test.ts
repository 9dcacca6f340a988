import { createStudy, float, maxTrials, medianStopping, random, space, TrialPruned } from '@espalier/search';
import { describe, expect, test } from 'vitest';
import { renderStatus, sparkline } from '../../src/study/render-status.ts';
import { startOf, statusOf } from '../../src/study/status.ts';
import { createBlock } from '../../src/terminal/block.ts';
import { widthOf } from '../../src/terminal/terminal.ts';
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
    const status = statusOf(study, [maxTrials(40)], { at: 0, progress: [0] });
    expect(status.counts.pruned).toBeGreaterThan(3);
    expect(status.savedSeconds).toBe(3 * status.counts.pruned);
    expect(status.best?.value).toBe(study.best?.metrics['loss']);
    expect(status.nearest?.progress).toBe(0.5);
    expect(status.secondsLeft).toBe(clock / 1000);
    expect(status.workers).toEqual([{ worker: 'worker 7', trial: 20, step: 2, metrics: { loss: 0.5 }, seconds: 5 }]);
    const lines = renderStatus(status, plain);
    expect(lines[0]).toBe('digits · random · seed 0 · memory:');
    expect(lines[1]).toMatch(/1 running · \d+ complete · \d+ pruned/u);
    expect(lines[2]).toMatch(/^ {2}█{12}░{12} 21 of 40 trials · .* left$/u);
    expect(lines[3]).toMatch(/^ {2}best loss [\d.e-]+ in trial \d+ \(better by [\d.e-]+\) {2}[▁-█]+$/u);
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
    const lines = renderStatus(statusOf(study, [], startOf(study, [])), plain);
    expect(lines.join('\n')).toMatch(/front of 15: trials 0, 1, .*…/u);
  });
});

describe('a study that is gone on with', () => {
  test('has as much time left as its progress since then says, and none when nobody works', async () => {
    let clock = 0;
    const study = await createStudy({
      name: 'more',
      space: space({ x: float(0, 1) }),
      objectives: ['minimize x'],
      strategy: random(),
      now: () => clock,
    });
    const stops = [maxTrials(40)];
    const tick = ({ config }: { readonly config: { readonly x: number } }): number => {
      clock += 1000;
      return config.x;
    };
    await study.run(tick, { stop: [maxTrials(20)] });
    clock += 1_000_000;
    const start = startOf(study, stops);
    await study.run(tick, { stop: [maxTrials(30)] });
    expect(statusOf(study, stops, start).secondsLeft).toBeUndefined();
    await study.ask();
    expect(statusOf(study, stops, start).secondsLeft).toBeCloseTo(10, 6);
  });

  test('tells the failure that came last, as one line', async () => {
    const study = await createStudy({ name: 'fails', space: space({ x: float(0, 1) }), objectives: ['minimize x'] });
    const fail = ({ number }: { readonly number: number }): never => {
      throw new Error(`trial ${number} is broken\nand this is why`);
    };
    await study.run(fail, { stop: [maxTrials(3)] });
    const status = statusOf(study, [], startOf(study, []));
    expect(status.lastFailure).toMatchObject({ number: 2, kind: 'crash' });
    expect(renderStatus(status, plain)).toContain('  last failure: trial 2, crash: Error: trial 2 is broken');
  });
});

describe('a block', () => {
  const terminal = (columns: number, rows?: number) =>
    new FakeStream({ isTTY: true, columns, ...(rows === undefined ? {} : { rows }) });

  test('is redrawn in place, and what does not fit is cut', () => {
    const stream = terminal(10);
    const block = createBlock(stream);
    block.update(['one', 'a line of 25 characters ..']);
    block.update(['two']);
    expect(stream.text).toBe('\r\u001B[Jone\na line of…\n\u001B[2A\r\u001B[Jtwo\n');
    block.finish();
    block.update(['three']);
    expect(stream.text.endsWith('two\n\r\u001B[Jthree\n')).toBe(true);
  });

  test('is no higher than the terminal', () => {
    const stream = terminal(80, 5);
    createBlock(stream).update(Array.from({ length: 40 }, (_, index) => `worker ${index}`));
    expect(stream.text.split('\n')).toEqual([
      '\r\u001B[Jworker 0',
      'worker 1',
      'worker 2',
      '  … and 37 more lines',
      '',
    ]);
  });

  test('leaves what is printed above it', () => {
    const stream = terminal(80);
    const block = createBlock(stream);
    block.update(['state']);
    block.print('said');
    block.update(['later']);
    expect(stream.text).toBe('\r\u001B[Jstate\n\u001B[1A\r\u001B[Jsaid\nstate\n\u001B[1A\r\u001B[Jlater\n');
  });

  test.each([60, 80, 120])('of a study fits %i columns, the sparkline too', (columns) => {
    const stream = terminal(columns);
    const history = Array.from({ length: 100 }, (_, index) => 100 - index);
    createBlock(stream).update(
      renderStatus(
        {
          study: 'digits',
          storage: 'sqlite:/a/long/way/to/the/folder/of/studies/runs/studies.db',
          strategy: 'auto',
          seed: 0,
          objectives: ['minimize loss'],
          counts: { waiting: 0, running: 1, paused: 0, complete: 100, pruned: 3, failed: 0 },
          best: { number: 99, value: 0.608_957, gain: 0.074_904_8, config: {} },
          nearest: { name: 'patience(10)', fired: false, progress: 0.4, message: '4 of 10 trials without improvement' },
          workers: [{ worker: 'worker 0', trial: 100, step: 3, metrics: { loss: 0.123_456_789 }, seconds: 3 }],
          history,
          savedSeconds: 7.9,
        },
        stream,
      ),
    );
    const lines = stream.text.replace('\r\u001B[J', '').trimEnd().split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toMatch(/█▇.*▁/u);
  });
});
