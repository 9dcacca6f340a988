import { ShapeError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { receiveError, sendError } from '@espalier/pipeline/node';
import { UsageError, exitCodes, reportOf } from '../src/errors.ts';

test.each([
  [
    new UsageError('wrong', { file: 'a.yaml', line: 2, column: 5 }),
    { message: 'a.yaml:2:5: wrong', code: 'usage', exitCode: exitCodes.usage },
  ],
  [
    new ShapeError('matmul', 'sizes differ'),
    { message: 'matmul: sizes differ', code: 'shape', exitCode: exitCodes.failed },
  ],
])('%s keeps what it says, its code and its exit code on the way between threads', (error, expected) => {
  const received = receiveError(structuredClone(sendError(error)));
  expect(reportOf(received)).toEqual({ ...expected, internal: false });
});

test("the system's errors are told in words", () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/x/y' });
  expect(reportOf(receiveError(structuredClone(sendError(error)))).message).toBe(
    '/x/y: the disk is full: free some space, or choose another place',
  );
});

test('anything else is a mistake of the program, told in one line', () => {
  const { message, code, exitCode, internal } = reportOf(new TypeError('x is not a function\nat somewhere'));
  expect(internal).toBe(true);
  expect(code).toBe('internal');
  expect(exitCode).toBe(exitCodes.failed);
  expect(message).toContain('internal error: x is not a function (');
  expect(message).not.toContain('\n');
});

test('where plugins ran, it may be a mistake of theirs', () => {
  expect(reportOf(new Error('no score')).message).toContain('a mistake in espalier;');
  expect(reportOf(new Error('no score'), ['mine.ts']).message).toContain('a mistake in espalier or mine.ts;');
});
