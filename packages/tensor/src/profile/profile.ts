/** Which kernels run while a function does, how long each takes, and how near that is to what the machine can do. */
import { aBoolean, aFunction, aText, check, checkOptions, type OptionRules } from '../arguments/rules.ts';
import type { Node } from '../graph/node.ts';
import { realize } from '../runtime/realize.ts';
import { mapTensors } from '../runtime/structure.ts';
import { measurePeaks } from './peaks.ts';
import { Recorder, recordWith } from './recorder.ts';
import { Profile } from './report.ts';

/** Options of `profile`. */
export interface ProfileOptions {
  /** What the trace calls it. Default: `profile`. */
  readonly name?: string;
  /**
   * Whether the peaks of devices are measured once it has run, if no profile of this process did: about a second. Without
   * them no kernel has a share of one. Default: true.
   */
  readonly peaks?: boolean;
}

const profileOptions: OptionRules<ProfileOptions> = { name: aText, peaks: aBoolean };

/** Computes tensors in a result: otherwise the kernels that somebody asks about would run later. */
function computed(result: unknown): void {
  const nodes: Node[] = [];
  mapTensors(result, (tensor) => {
    if (!tensor.isDisposed) nodes.push(tensor.boundNode as Node);
    return tensor;
  });
  realize(nodes);
}

/**
 * Runs a function, and tells which kernels ran meanwhile in this thread, eager or compiled, until it returned or its promise
 * resolved: what each computes, how often and how long it ran, floating-point operations, bytes moved at least, and the part of the
 * machine's measured peak that it reached. Tensors that it gives are computed. As text it is a table; `trace()` is for
 * chrome://tracing and Perfetto.
 *
 * Kernels are run one by one, with the clock read between them. Where nobody profiles, nothing is measured.
 *
 * @throws {DeviceError} where kernels run on a device beside this thread (webgpu), which cannot tell how long each takes.
 *
 * @example
 * console.log(String(profile(() => x.matmul(w).add(b).relu())));
 */
export function profile<Result>(fn: () => Promise<Result>, options?: ProfileOptions): Promise<Profile<Result>>;
export function profile<Result>(fn: () => Result, options?: ProfileOptions): Profile<Result>;
export function profile(fn: () => unknown, options: ProfileOptions = {}): Profile | Promise<Profile> {
  check('profile', 'the function', fn, aFunction);
  const { name = 'profile', peaks = true } = checkOptions('profile', options, profileOptions);
  const recorder = new Recorder();
  const stop = recordWith(recorder);
  const ended = (result: unknown): Profile => {
    computed(result);
    const data = recorder.data(name);
    stop();
    const devices = peaks ? [...recorder.devices] : [];
    return new Profile(
      [data],
      Object.fromEntries(devices.map(([device, called]) => [called, measurePeaks(device)])),
      result,
    );
  };
  let result: unknown;
  try {
    result = fn();
    if (!(result instanceof Promise)) return ended(result);
  } finally {
    if (!(result instanceof Promise)) stop();
  }
  return result.then(ended).finally(stop);
}
