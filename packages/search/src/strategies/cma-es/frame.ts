/** Which numbers of a space CMA-ES evolves, and where a search in them starts, also after their ranges have changed. */
import { hashText } from '../../random/hash.ts';
import type { GroupNode } from '../../space/node.ts';
import { joinPath } from '../../space/path.ts';
import type { NumberParameter } from '../../space/parameter.ts';
import type { Space } from '../../space/space.ts';
import type { History } from '../../study/history.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { codesOf, wallsOf } from '../codes.ts';
import type { Walls } from './margin.ts';

/** The numbers that every config has, by path, which are those that evolve. */
export interface Frame {
  readonly paths: readonly string[];
  readonly walls: Walls;
  /** Whether there are no other parameters. */
  readonly whole: boolean;
  /** Names what the coordinates mean: another one where a range or a scale is another. */
  readonly key: string;
  /** How wide the ranges are, each on its own scale: the mean of their binary logarithms, to an eighth. */
  readonly width: number;
}

function* alwaysActive({ fields }: GroupNode, parent: string): Generator<readonly [string, NumberParameter]> {
  for (const [name, node] of Object.entries(fields)) {
    const path = joinPath(parent, name);
    if (node.kind === 'group') yield* alwaysActive(node, path);
    else if ((node.kind === 'int' || node.kind === 'float') && node.low < node.high) yield [path, node];
  }
}

/** The numbers of a space that every config has. */
export function frameOf(space: Space): Frame {
  const entries = [...alwaysActive(space.root, '')];
  const parameters = entries.map(([, parameter]) => parameter);
  const widths = parameters.map(({ low, high, log }) => Math.log2(log ? Math.log(high / low) : high / 2 - low / 2));
  const meanings = entries.map(([path, { low, high, log, step }]) => [path, low, high, log, step]);
  return {
    paths: entries.map(([path]) => path),
    walls: parameters.map((parameter) => wallsOf(parameter)?.slice(1, -1)),
    whole: entries.length === space.parameters().size,
    key: hashText(JSON.stringify(meanings))[0].toString(36),
    width: Math.round((8 * widths.reduce((sum, width) => sum + width, 0)) / widths.length) / 8,
  };
}

/** How a search starts, and whether it starts again. */
export interface Course {
  readonly start: Float64Array;
  readonly sigma: number;
  readonly samples: number | null;
  readonly restart: boolean;
}

/** A search within one frame: where it starts, and which trials are of it. */
export interface Leg {
  readonly course: Course;
  /** What its trials record of the frame. */
  readonly origin: { readonly frame: string; readonly width: number; readonly from?: number };
  readonly isMember: (trial: TrialRecord) => boolean;
}

/**
 * The search within the present frame. Where ranges have changed, which moves what a coordinate means, it is a new one
 * about the best trial of before, as far as the first one went before them. Its first trial records which that was.
 */
export function legOf(space: Space, history: History, { key, width, paths }: Frame, usual: Course): Leg {
  const { trials, finished } = history;
  const isOther = ({ origin: { operator, frame = key } }: TrialRecord): boolean =>
    operator === 'cma-es' && frame !== key;
  const before = trials.findLast(isOther);
  const isMember = ({ number, origin }: TrialRecord): boolean =>
    origin.operator === 'cma-es' && number > (before?.number ?? -1);
  const origin = { frame: key, width };
  if (before === undefined) return { course: usual, origin, isMember };
  const member = finished.find(isMember) ?? trials.find(isMember);
  const from = Number(member?.origin['from'] ?? history.best(1)[0]?.number ?? before.number);
  const found = trials.find(({ number }) => number === from) ?? before;
  const codes = codesOf(space, found.config);
  const sigma = usual.sigma * 2 ** (Number(before.origin['width']) - width);
  const course = {
    ...usual,
    start: Float64Array.from(paths, (path) => codes.get(path)?.code ?? 0.5),
    sigma: Math.min(usual.sigma, sigma) || usual.sigma,
  };
  return { course, origin: { ...origin, from }, isMember };
}
