/**
 * Relations between the examples of a batch. Source: W. Park, D. Kim, Y. Lu and M. Cho, "Relational knowledge distillation",
 * CVPR 2019. Features of any widths can be compared, without a projection.
 */
import { huber } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';

/** √ of what is at least 0, without the gradient that is infinite at 0. */
function root(squares: Tensor): Tensor {
  const isPositive = squares.gt(0);
  return squares.where(isPositive, 1).sqrt().where(isPositive, 0);
}

/** x_j - x_i for each pair of examples: [batch, batch, features]. */
function differences(activations: Tensor): Tensor {
  const rows = activations.flatten(1);
  return rows.unsqueeze(0).sub(rows.unsqueeze(1));
}

/** Distances between examples over the mean of those that are not 0: [batch, batch]. */
function relativeDistances(activations: Tensor): Tensor {
  const distances = root(differences(activations).square().sum(2));
  const others = distances.gt(0).cast(distances.dtype).sum().clamp(1);
  const mean = distances.sum().div(others);
  return distances.div(mean.where(mean.gt(0), 1));
}

/** The cosine of the angle at i between j and k: [batch, batch, batch]. */
function angles(activations: Tensor): Tensor {
  const away = differences(activations);
  const length = root(away.square().sum(2, { keepDims: true }));
  const directions = away.div(length.where(length.gt(0), 1));
  return directions.matmul(directions.transpose(1, 2));
}

/** Huber's distance of the relative distances between all pairs of examples. */
export function distanceRelation(student: Tensor, teacher: Tensor): Tensor {
  return huber(relativeDistances(student), relativeDistances(teacher));
}

/** Huber's distance of the cosines of the angles between all triples of examples: batch² · features numbers, and batch³. */
export function angleRelation(student: Tensor, teacher: Tensor): Tensor {
  return huber(angles(student), angles(teacher));
}

/** Distances, and twice the angles: a weight of 25 is that of the paper. */
export function relation(student: Tensor, teacher: Tensor): Tensor {
  return distanceRelation(student, teacher).add(angleRelation(student, teacher).mul(2));
}
