/** How much each unit of a width matters: what is known of its weights, put together. */
import { deriveSeed, type Module, type Parameter } from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { Evidence } from '../prune/evidence.ts';
import { scoreWeights } from '../prune/importance.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import type { Width, WidthMember } from './widths.ts';

/** What scores are made of. */
export interface ScoreInput {
  readonly place: string;
  readonly model: Module;
  readonly seed: number;
  /** What is known of the slopes of the loss, where the score asks for that. */
  readonly slopes: UnitSlopes | undefined;
  /** What scores of single weights are told of them, by the names of parameters. */
  readonly evidence: ReadonlyMap<string, Evidence>;
}

/** The mean over batches of (Σ w · g)² for each unit, by the names of widths and then those of parameters. */
export type UnitSlopes = ReadonlyMap<string, ReadonlyMap<string, Float64Array>>;

/** One number for each unit; those with the lowest go first. */
export type UnitScorer = (width: Width, input: ScoreInput) => Promise<Float32Array>;

/** A member that is a parameter. */
export interface MemberWeights extends WidthMember {
  readonly named: NamedParameter;
}

/** The members of a width that are parameters. */
export function parametersOf({ members }: Width, model: Module): MemberWeights[] {
  const parameters = model.namedParameters();
  return members.flatMap((member) => {
    const parameter = parameters.get(member.name);
    return parameter ? [{ ...member, named: { name: member.name, parameter } }] : [];
  });
}

/** Adds up a value of each weight for the unit that it belongs to. */
export function sumsByUnit(
  { axis, indices }: WidthMember,
  { shape }: Parameter,
  size: number,
  valueOf: (index: number) => number,
): Float64Array {
  const sums = new Float64Array(size);
  const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
  const count = shape.reduce((product, each) => product * each, 1);
  for (let index = 0; index < count; index++) {
    const unit = indices[Math.floor(index / inner) % indices.length] as number;
    if (unit >= 0) sums[unit] = (sums[unit] as number) + valueOf(index);
  }
  return sums;
}

/** The mean over members of what each says of the units. */
async function meanOverMembers(
  width: Width,
  members: readonly MemberWeights[],
  of: (member: MemberWeights) => Promise<Float64Array>,
): Promise<Float32Array> {
  const scores = new Float64Array(width.size);
  for (const member of members) {
    const own = await of(member);
    for (const [unit, score] of own.entries()) scores[unit] = (scores[unit] as number) + score / members.length;
  }
  return Float32Array.from(scores);
}

/** Matrices and kernels; of a width that has none, whatever there is. */
export function matrices(members: readonly MemberWeights[]): readonly MemberWeights[] {
  const found = members.filter(({ named }) => named.parameter.shape.length > 1);
  return found.length > 0 ? found : members;
}

/** The p-norm of a unit's weights in each tensor, the mean of them over tensors. */
function byNorm(p: 1 | 2): UnitScorer {
  return (width, { model, place }) =>
    meanOverMembers(width, matrices(parametersOf(width, model)), async (member) => {
      const values = await readWeights(place, member.named);
      return sumsByUnit(
        member,
        member.named.parameter,
        width.size,
        (index) => Math.abs(values[index] as number) ** p,
      ).map((sum) => sum ** (1 / p));
    });
}

/**
 * The scales of norms over examples, behind which units of a scale near 0 give nothing. Source: Z. Liu et al., "Learning
 * efficient convolutional networks through network slimming", ICCV 2017.
 */
const byNormScale: UnitScorer = (width, { model, place }) => {
  const moduleOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')));
  const normed = new Set([...model.namedBuffers().keys()].map(moduleOf));
  const isScale = ({ name, named }: MemberWeights): boolean =>
    named.parameter.shape.length === 1 && name.endsWith('weight') && normed.has(moduleOf(name));
  const scales = parametersOf(width, model).filter(isScale);
  if (scales.length === 0)
    throw new RecipeError(place, `no batch norm scales ${width.name}; score by magnitude, or exclude it`);
  return meanOverMembers(width, scales, async (member) => {
    const values = await readWeights(place, member.named);
    return sumsByUnit(member, member.named.parameter, width.size, (index) => Math.abs(values[index] as number));
  });
};

/** The baseline that every other score has to beat. The same seed scores a width alike each time. */
const atRandom: UnitScorer = async ({ name, size }, { seed }) =>
  (await rand([size], { generator: new Generator(deriveSeed(seed, name)) }).data()) as Float32Array;

/**
 * What the loss would change by if a unit were 0, to first order, squared: (Σ w · g)² over its weights in a tensor, the mean
 * over batches, and over tensors. Source: P. Molchanov et al., "Importance estimation for neural network pruning", CVPR 2019.
 */
const byTaylor: UnitScorer = (width, { model, slopes }) =>
  meanOverMembers(
    width,
    matrices(parametersOf(width, model)),
    async ({ name, axis }) => slopes?.get(width.name)?.get(`${name}[${axis}]`) ?? new Float64Array(width.size),
  );

/** Scores of units by their names; further names are those of scores of single weights, which are added up. */
const scorers: Readonly<Record<string, UnitScorer>> = {
  magnitude: byNorm(2),
  l1: byNorm(1),
  'norm-scale': byNormScale,
  taylor: byTaylor,
  random: atRandom,
};

/** The names of the scores that are of units, not of single weights. */
export const unitScores: readonly string[] = Object.keys(scorers);

/** The scores of the units of a width. */
export async function scoreUnits(method: string, width: Width, input: ScoreInput): Promise<Float32Array> {
  const scorer = unitScores.includes(method) ? scorers[method] : undefined;
  if (scorer) return scorer(width, input);
  return meanOverMembers(width, matrices(parametersOf(width, input.model)), async (member) => {
    const values = await readWeights(input.place, member.named);
    const scores = await scoreWeights(method, values, member.named, input.seed, input.evidence.get(member.name));
    return sumsByUnit(member, member.named.parameter, width.size, (index) => scores[index] as number);
  });
}
