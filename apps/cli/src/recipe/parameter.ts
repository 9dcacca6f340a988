/** Parts of a recipe that may be searched: a value, a list or a range, read against what its slot allows. */
import { refusal, suggestion, type Field, type ParameterSpec } from '@espalier/pipeline';
import { choice, float, int, quote, type ParameterValue } from '@espalier/search';
import { z } from 'zod';

/** Takes note of what is wrong, at a place inside what is read. */
export type Issue = (message: string, path?: readonly PropertyKey[]) => void;

const ranges = { int, float };
const rangeKeys = ['int', 'float', 'step', 'log'];

/** Reads `{ int: [low, high], step?, log? }` and `{ float: … }`. */
function readRange(value: Readonly<Record<string, unknown>>, slot: Field, issue: Issue): ParameterSpec | undefined {
  const unknown = Object.keys(value).find((key) => !rangeKeys.includes(key));
  if (unknown !== undefined) {
    issue(`there is no '${unknown}' in a range: ${suggestion(unknown, rangeKeys)}`, [unknown]);
    return undefined;
  }
  const kind = 'int' in value ? 'int' : 'float';
  const bounds = value[kind];
  if (!Array.isArray(bounds) || bounds.length !== 2 || ('int' in value && 'float' in value)) {
    issue(`expected a range such as { int: [1, 3] } or { float: [0.001, 0.1], log: true }`);
    return undefined;
  }
  const bad = bounds.findIndex((bound) => !slot.accepts(bound));
  if (bad >= 0) {
    issue(refusal(slot, bounds[bad]), [kind, bad]);
    return undefined;
  }
  const { step, log } = value;
  if (step !== undefined && !(typeof step === 'number' && step > 0)) {
    issue(`is ${quote(step)}: give a positive number`, ['step']);
    return undefined;
  }
  if (log !== undefined && typeof log !== 'boolean') {
    issue(`is ${quote(log)}: give true or false`, ['log']);
    return undefined;
  }
  try {
    const [low, high] = bounds.map(Number);
    const options = { ...(step === undefined ? {} : { step }), ...(log === undefined ? {} : { log }) };
    return ranges[kind](low ?? 0, high ?? 0, options);
  } catch (error) {
    issue(error instanceof Error ? error.message : String(error), [kind]);
    return undefined;
  }
}

function readList(values: readonly unknown[], slot: Field, issue: Issue): ParameterSpec | undefined {
  const bad = values.findIndex((value) => !slot.accepts(value));
  if (bad >= 0) {
    issue(refusal(slot, values[bad]), [bad]);
    return undefined;
  }
  try {
    return choice(values as readonly ParameterValue[]);
  } catch (error) {
    issue(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Reads a value, a list of values or a range; undefined after an issue. */
export function readParameter(value: unknown, slot: Field, issue: Issue): ParameterSpec | undefined {
  if (Array.isArray(value)) return readList(value, slot, issue);
  if (typeof value === 'object' && value !== null) return readRange({ ...value }, slot, issue);
  if (slot.accepts(value)) return choice([value as ParameterValue]);
  issue(refusal({ ...slot, allowed: `${slot.allowed}, a list of them, or a range` }, value));
  return undefined;
}

/** The schema of a part that a search may vary: a value, a list of values, or a range. */
export function parameter(slot: Field): z.ZodType<ParameterSpec> {
  return z.unknown().transform((value, context) => {
    const read = readParameter(value, slot, (message, path = []) => {
      context.issues.push({ code: 'custom', message, path: [...path], input: value });
    });
    return read ?? z.NEVER;
  });
}
