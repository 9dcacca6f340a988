/** Names that come from outside, such as types out of JSON, may be anything. */
import { TensorError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { Activation, build, buildOptimizer, buildSchedule, loss } from '../../src/index.ts';

/** A list as deep as a text of JSON can say, which ends the stack of what makes a text of it. */
const endless: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
const strange: readonly unknown[] = [endless, 'x'.repeat(100_000), ['sgd'], null, 5, 'constructor', '__proto__'];

test.each<[string, (name: never) => unknown]>([
  ['a module', (type) => build({ type })],
  ['an activation', (type) => new Activation(type)],
  ['an optimizer', (type) => buildOptimizer({ type })],
  ['a schedule', (type) => buildSchedule(type)],
  ['the type of a schedule', (type) => buildSchedule({ type })],
  ['a loss', (name) => loss(name)],
])('whatever stands for the name of %s is refused in brief', (_, read) => {
  for (const name of strange) {
    let error: unknown;
    try {
      read(name as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TensorError);
    expect((error as Error).message.length).toBeLessThan(1000);
  }
});
