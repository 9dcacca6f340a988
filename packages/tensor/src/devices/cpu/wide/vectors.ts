/**
 * How wide vectors are. WebAssembly has 128 bits; V8's revectorizer, an experiment of its own, joins pairs of instructions to the
 * 256 bits of AVX2. It is asked for by `ESPALIER_REVECTORIZE=1`, and used where what it makes is right and faster.
 */
import type { Device } from '../../../device/device.ts';
import { notices } from '../../../runtime/notices.ts';
import { hasRelaxedSimd } from './relaxed.ts';
import { flawOf, millisecondsOf } from './self-test.ts';

/** Set once a process, before the first device has compiled anything. */
export const vectors: { bits: 128 | 256 } = { bits: 128 };

/** The parts of Node that are needed. */
interface Host {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: Readonly<Record<string, string | undefined>>;
    getBuiltinModule?(name: 'node:v8'): { setFlagsFromString(flags: string): void } | undefined;
  };
}

const flag = 'experimental-wasm-revectorize';
/** The first version of V8 whose revectorizer follows sums through a loop. */
const firstVersion = 12.4;
/** A product has to take at most this part of its time. */
const leastGain = 0.8;

let isDecided = false;

/** Tries the revectorizer, where it is asked for; `open` makes a device that nobody else has. Says once what came of it. */
export function decideVectors(open: () => Device): void {
  if (isDecided) return;
  isDecided = true;
  const { process } = globalThis as Host;
  if (process?.env?.['ESPALIER_REVECTORIZE'] !== '1') return;
  const refused = tryWide(process, open);
  notices.warn(
    refused === undefined
      ? "cpu: vectors of 256 bits, by V8's revectorizer, an experiment that ESPALIER_REVECTORIZE=1 asks for; it passed a test"
      : `cpu: vectors of 128 bits, although ESPALIER_REVECTORIZE=1 asks for more: ${refused}`,
  );
}

/** Why vectors stay as they are; undefined where they became wide. */
function tryWide(process: NonNullable<Host['process']>, open: () => Device): string | undefined {
  const v8 = process.getBuiltinModule?.('node:v8');
  const version = Number.parseFloat(process.versions?.['v8'] ?? '0');
  if (v8 === undefined || version < firstVersion || !hasRelaxedSimd())
    return 'this engine has no such thing: run Node 24';
  const narrow = timed(open);
  v8.setFlagsFromString(`--${flag}`);
  vectors.bits = 256;
  const device = open();
  const flaw = flawOf(device);
  const wide = millisecondsOf(device);
  device.dispose();
  const refused =
    flaw ?? (wide > leastGain * narrow ? `a product takes ${(wide / narrow).toFixed(2)} × its time` : undefined);
  if (refused !== undefined) {
    vectors.bits = 128;
    v8.setFlagsFromString(`--no-${flag}`);
  }
  return refused;
}

function timed(open: () => Device): number {
  const device = open();
  const milliseconds = millisecondsOf(device);
  device.dispose();
  return milliseconds;
}
