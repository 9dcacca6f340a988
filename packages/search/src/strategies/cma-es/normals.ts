/** The random vectors of a generation of CMA-ES: mirrored and orthogonal rather than independent. */
import { at } from '../../numeric/matrix.ts';
import { boxMuller } from '../../numeric/normal.ts';
import { RandomStream } from '../../random/random-stream.ts';
import type { Settings } from './evolution.ts';

/** A standard normal vector. */
export function normalVector(size: number, random: RandomStream): Float64Array {
  return Float64Array.from({ length: size }, () => boxMuller(1 - random.uniform(), random.uniform()));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * at(b, index), 0);
}

/** A vector turned to be at right angles to some others, which are of length 1, as long as it was. */
function turned(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  let rest = vector;
  for (const other of others) {
    const shadow = dot(rest, other);
    rest = rest.map((value, index) => value - shadow * at(other, index));
  }
  const stretch = Math.sqrt(dot(vector, vector) / dot(rest, rest));
  return rest.map((value) => value * stretch);
}

/**
 * The normal vectors of a generation: each is at right angles to as many before it as there can be, and is followed by
 * its opposite. One by one they have a normal law; together they leave no side of the mean unseen, so a generation
 * tells more than as many independent ones.
 *
 * Source: Wang, Emmerich, Bäck, "Mirrored orthogonal sampling for covariance matrix adaptation evolution strategies",
 * Evolutionary Computation 2019.
 */
export function generationNormals(
  { size, samples }: Settings,
  seed: number,
  generation: number,
): readonly Float64Array[] {
  const random = new RandomStream(seed, 0, `cma-es generation ${generation}`);
  const normals: Float64Array[] = [];
  let directions: Float64Array[] = [];
  while (normals.length < samples) {
    if (directions.length === size) directions = [];
    const normal = turned(normalVector(size, random), directions);
    const length = Math.sqrt(dot(normal, normal));
    directions.push(normal.map((value) => value / length));
    normals.push(
      normal,
      normal.map((value) => -value),
    );
  }
  return normals.slice(0, samples);
}
