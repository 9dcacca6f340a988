/** Settings of the whole package, and checks that callers can ask for. */
import {
  aBoolean,
  aCount,
  aFunction,
  anInteger,
  aPositiveInteger,
  anObject,
  aText,
  check,
  checkOptions,
  ruleOf,
  type Rule,
  type OptionRules,
} from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { threadSettings } from '../device/threads.ts';
import { checkIndexNode, indexChecks } from '../runtime/index-checks.ts';
import { notices, type Warn } from '../runtime/notices.ts';
import { keptPlans, type PlanStore } from '../runtime/plans.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Settings that hold for all devices. */
export interface Configuration {
  /**
   * Whether every operation that takes indices reads and checks them, wherever they are: a ShapeError names the operation,
   * at its call, or on asynchronous devices at the next read. Compiled functions run uncompiled meanwhile. For finding
   * mistakes, since it waits for the device again and again. Default: false, or true where the environment variable
   * `ESPALIER_CHECK` is 1; indices in JavaScript memory are checked in any case.
   */
  readonly checkIndices?: boolean;
  /**
   * Takes notices of what is right but slower or larger than it looks, such as a matrix format that a device has no kernel
   * for; each is given once. Default: `console.warn`.
   */
  readonly warn?: Warn;
  /**
   * How many threads cpu devices that are opened from now on compute with. Default: what the environment variable
   * `ESPALIER_THREADS` says, else the cores of the machine.
   */
  readonly threads?: number;
  /**
   * A shared word that counts who computes on this machine now, as several workers do that each have a device: a device asks its threads
   * only while they have a core each. Default: nobody counts.
   */
  readonly busy?: Int32Array<SharedArrayBuffer>;
  /**
   * Keeps plans, so that a later process that computes the same need not make them: `planFolder` of `@espalier/tensor/node` does in
   * files. Texts are to come back as they were written, by the same release of this package: whoever can change them changes what is
   * computed. Graphs with ops or kernels of a user's are planned anew. Default: none.
   */
  readonly plans?: PlanStore | undefined;
}

const aSharedWord: Rule<Int32Array<SharedArrayBuffer>> = ruleOf(
  'an Int32Array of shared memory',
  (value) => value instanceof Int32Array && !(value.buffer instanceof ArrayBuffer) && value.length > 0,
);

const configurationRules: OptionRules<Configuration> = {
  checkIndices: aBoolean,
  warn: aFunction as Rule<Warn>,
  threads: aPositiveInteger,
  busy: aSharedWord,
  plans: ruleOf<PlanStore | undefined>(
    'a store of plans: { read, write }',
    (value) =>
      value === undefined ||
      (anObject.holds(value) && aFunction.holds(value['read']) && aFunction.holds(value['write'])),
  ),
};

/** Changes settings; those left out stay as they are. */
export function configure(settings: Configuration): void {
  const {
    checkIndices: everywhere = indexChecks.everywhere,
    warn = notices.warn,
    threads = threadSettings.threads,
    busy = threadSettings.busy,
    plans = keptPlans.store,
  } = checkOptions('configure', settings, configurationRules);
  indexChecks.everywhere = everywhere;
  notices.warn = warn;
  threadSettings.threads = threads;
  threadSettings.busy = busy;
  keptPlans.store = plans;
}

/** Options of `checkIndices`. */
export interface CheckIndicesOptions {
  /** One value that is allowed although it lies outside. */
  readonly ignored?: number;
}

const checkIndicesRules: OptionRules<CheckIndicesOptions> = { ignored: anInteger };

/**
 * @throws {ShapeError} in the name of `operation`, if one of `indices` lies outside 0 to `size` - 1 and is known: its
 * value is in JavaScript memory, or `configure({ checkIndices: true })` has every value read.
 * @throws {DTypeError} for what is no integer.
 */
export function checkIndices(
  operation: string,
  indices: Tensor,
  size: number,
  options: CheckIndicesOptions = {},
): void {
  check('checkIndices', 'the operation', operation, aText);
  check('checkIndices', 'the indices', indices, aTensor);
  check('checkIndices', 'the size', size, aCount);
  const { ignored } = checkOptions('checkIndices', options, checkIndicesRules);
  checkIndexNode(indices.node, { operation, size, ignored });
}
