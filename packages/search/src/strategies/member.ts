/** Built-in strategies by name, for strategies that ask others. */
import { ValueError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { builtInStrategies } from './built-in.ts';
import type { Strategy } from './strategy.ts';

const factories = new Map(builtInStrategies.map((make) => [make.strategy, make]));
const made = new Map<string, Strategy>();

/**
 * A built-in strategy that another one asks for configs. The same name and options give the same strategy.
 * @throws {ValueError} when there is none of the name, and for options that it cannot have.
 */
export function memberOf(name: string, options: JsonObject = {}): Strategy {
  const key = JSON.stringify([name, options]);
  let member = made.get(key);
  if (member === undefined) {
    const make = factories.get(name);
    if (make === undefined) {
      throw new ValueError(`its name is '${name}': give one of ${[...factories.keys()].join(', ')}`);
    }
    member = make(options);
    made.set(key, member);
  }
  return member;
}
