/** Which engines a row is measured with, and which lines of the table come of their times. */
import { streamedBytes, type Row, type Targets } from './row.ts';

/** Whoever takes part in a row. */
export interface Subject {
  /** What the lines call it, and what tells it apart. */
  readonly label: string;
  readonly engine: string;
  readonly threads: number;
  readonly storage: 'f32' | 'f16';
  /** Another op than the row's. */
  readonly op?: string;
}

/** Milliseconds a step by the labels of subjects: those that could do the row. */
export type Times = ReadonlyMap<string, number>;

/** A line of the table: our time over another's. */
export interface Line {
  readonly name: string;
  /** Ours, in milliseconds a step. */
  readonly ours: number;
  /** Theirs. */
  readonly peer: number;
  readonly peerName: string;
  /** Our speed over theirs. */
  readonly ratio: number;
  readonly target: number;
  readonly holds: boolean;
  readonly threads: number;
}

/** What is measured, beside the rows. */
export interface Scope {
  readonly threads: number;
  /** Whether there is a Python. */
  readonly native: boolean;
}

const peers = ['jax-js', 'tfjs-wasm', 'ort-web'];
const f32 = { storage: 'f32' } as const;

/** All that take part in a row, ourselves first. */
export function subjectsOf(
  { targets, forwardOp, peers: others = [] }: Row,
  { threads, native }: Scope,
): readonly Subject[] {
  const subject = (engine: string, label = engine): Subject => ({ label, engine, threads, ...f32 });
  return [
    subject('espalier'),
    ...(threads > 1 ? [{ ...subject('espalier', 'espalier, one thread'), threads: 1 }] : []),
    ...(targets.f16 === undefined ? [] : [{ ...subject('espalier', 'espalier f16'), storage: 'f16' as const }]),
    ...(forwardOp === undefined ? [] : [{ ...subject('espalier', 'espalier, forward'), op: forwardOp }]),
    ...(targets.streaming === undefined ? [] : [{ ...subject('streaming'), op: 'read' }]),
    ...(targets.js === undefined ? [] : peers.map((peer) => subject(peer))),
    ...others.map((peer) => subject(peer)),
    ...(native && targets.native !== undefined ? [subject('torch')] : []),
  ];
}

/** Our time, theirs and their name. */
type Pair = readonly [ours: number, peer: number, peerName: string];

/** The line of each target: a suffix of the name, and how its times are found. */
const lines: Readonly<Record<keyof Targets, readonly [suffix: string, (row: Row, times: Times) => Pair | undefined]>> =
  {
    js: ['', (row, times) => against(times, fastest(times, [...peers, ...(row.peers ?? [])]))],
    native: [' beside native', (_, times) => against(times, 'torch')],
    f16: [
      ' in f16',
      (_, times) => {
        const half = times.get('espalier f16');
        const single = times.get('espalier');
        return half === undefined || single === undefined ? undefined : [half, single, 'espalier in f32'];
      },
    ],
    threads: [' by threads', (_, times) => against(times, 'espalier, one thread')],
    streaming: [
      ' of streaming',
      ({ bytes = 0 }, times) => {
        const pair = against(times, 'streaming');
        return pair && [pair[0], (pair[1] * bytes) / streamedBytes, pair[2]];
      },
    ],
    forward: [
      ' beside forward',
      (_, times) => {
        const forward = times.get('espalier, forward');
        const both = times.get('espalier');
        return forward === undefined || both === undefined ? undefined : [both - forward, forward, 'espalier, forward'];
      },
    ],
    limit: [
      '',
      ({ allowed }, times) => {
        const ours = times.get('espalier');
        return ours === undefined || allowed === undefined ? undefined : [ours, allowed, 'what is allowed'];
      },
    ],
  };

function against(times: Times, label: string | undefined): Pair | undefined {
  const ours = times.get('espalier');
  const peer = label === undefined ? undefined : times.get(label);
  return label === undefined || ours === undefined || peer === undefined ? undefined : [ours, peer, label];
}

function fastest(times: Times, labels: readonly string[]): string | undefined {
  const there = labels.filter((label) => times.has(label));
  return there.toSorted((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0))[0];
}

/** The lines of a row. */
export function linesOf(row: Row, times: Times, { threads }: Scope): readonly Line[] {
  return (Object.keys(row.targets) as (keyof Targets)[]).flatMap((kind) => {
    const target = row.targets[kind] ?? 0;
    const [suffix, find] = lines[kind];
    const pair = find(row, times);
    if (pair === undefined) return [];
    const [ours, peer, peerName] = pair;
    const ratio = peer / ours;
    return [{ name: `${row.name}${suffix}`, ours, peer, peerName, ratio, target, holds: ratio >= target, threads }];
  });
}
