import { describe, expect, test } from 'vitest';
import { createProgress } from '../../src/terminal/progress.ts';
import { FakeStream } from '../helpers/fake-stream.ts';

/** A clock that a test moves. */
function clock() {
  let time = 0;
  return { now: () => time, pass: (milliseconds: number) => void (time += milliseconds) };
}

describe('on a terminal', () => {
  test('redraws one line with the time left, and ends with a line of its own', () => {
    const stream = new FakeStream({ isTTY: true });
    const { now, pass } = clock();
    const bar = createProgress({ stream, now }).start('train', 4);
    bar.update(0);
    pass(10_000);
    bar.update(1, 'loss 0.5');
    pass(30_000);
    bar.finish('done');
    const [first, second, last] = stream.text.split('\r\u001B[2K');
    expect(first).toBe(`train ${'░'.repeat(24)} 0 %`);
    expect(second).toBe(`train ${'█'.repeat(6)}${'░'.repeat(18)} 25 % · 30 s left · loss 0.5`);
    expect(last).toContain('train: done');
    expect(last).toContain('(40 s)');
    expect(stream.text.match(/\n/gu)).toHaveLength(1);
  });

  test('redraws no more often than ten times a second', () => {
    const stream = new FakeStream({ isTTY: true });
    const { now, pass } = clock();
    const bar = createProgress({ stream, now }).start('train', 100);
    for (let done = 0; done < 100; done += 1) {
      bar.update(done);
      pass(10);
    }
    expect(stream.text.split('\r\u001B[2K')).toHaveLength(10);
  });

  test('cuts the line to the width of the terminal', () => {
    const stream = new FakeStream({ isTTY: true, columns: 30 });
    createProgress({ stream, now: () => 0 })
      .start('a rather long label', 2)
      .update(1, 'a rather long note');
    expect(stream.text).toHaveLength(29);
    expect(stream.text.endsWith('…')).toBe(true);
  });

  test('prints a line above the bar and draws the bar again', () => {
    const stream = new FakeStream({ isTTY: true });
    const progress = createProgress({ stream, now: () => 0 });
    progress.start('train', 2).update(1);
    const bar = stream.text;
    progress.line('a message');
    expect(stream.text).toBe(`${bar}\r\u001B[2Ka message\n${bar}`);
  });
});

describe('elsewhere', () => {
  test('prints a line for every tenth, however often it is updated', () => {
    const stream = new FakeStream();
    const { now, pass } = clock();
    const bar = createProgress({ stream, now }).start('train', 100);
    for (let done = 0; done <= 100; done += 1) {
      bar.update(done);
      pass(1000);
    }
    bar.finish('good');
    const lines = stream.text.trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('train: 10 % · 1 min 30 s left');
    expect(lines[8]).toBe('train: 90 % · 10 s left');
    expect(lines[9]).toBe('✓ train: good (1 min 41 s)');
    expect(stream.text).not.toContain('\u001B');
  });

  test('says nothing when it is to be quiet', () => {
    const stream = new FakeStream();
    const progress = createProgress({ stream, quiet: true });
    const bar = progress.start('train', 1);
    bar.update(1);
    bar.finish();
    progress.line('a message');
    expect(stream.text).toBe('');
  });
});
