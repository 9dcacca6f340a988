/** Einstein summation by matrix products. */
import { aText, check } from '../arguments/rules.ts';
import { tensors as severalTensors } from '../arguments/types.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { showShape, sizeOf } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshapeFrom } from '../tensor/wrap.ts';

interface Labelled {
  readonly labels: readonly string[];
  readonly tensor: Tensor;
}

/**
 * Sums of products named by letters: `'bij,bjk->bik'` is a batched matrix product, `'ii->i'` a diagonal, `'ij->'` a
 * total. `...` stands for any further axes, aligned at their last and broadcast: `'...ij,...jk->...ik'`. An axis of
 * size 1 is repeated to the size that its letter has elsewhere. Without `->` the result has the axes of `...`, then the
 * letters that occur once, in alphabetical order; axes of `...` that the result leaves out are summed. Operands are
 * contracted from left to right, each step as one batched matrix product.
 * @throws {ArgumentError} for a malformed equation.
 * @throws {ShapeError} if one letter stands for two sizes.
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  check('einsum', 'equation', equation, aText);
  check('einsum', 'tensors', tensors, severalTensors);
  const [terms, output] = parse(equation, tensors);
  const diagonals = terms.map(diagonal);
  const sizes = sizesOf(equation, diagonals);
  const inputs = diagonals.map((operand) => narrowed(operand, sizes));
  const operands = inputs.map((operand, position) => {
    const elsewhere = new Set([
      ...output,
      ...inputs.flatMap((other, index) => (index === position ? [] : other.labels)),
    ]);
    return sumOut(operand, (label) => elsewhere.has(label));
  });
  const result = operands.reduce((left, right, position) => {
    const later = new Set([...output, ...operands.slice(position + 1).flatMap((operand) => operand.labels)]);
    return contract(left, right, later, sizes);
  });
  const order = output.map((label) => result.labels.indexOf(label));
  return result.tensor.permute(order);
}

const ellipsis = '...';

const labelsOf = (term: string): readonly string[] => term.match(/\.{3}|[A-Za-z]/g) ?? [];

/** The letters of a term, and `...`, which stands there at most once. */
const termPattern = /^[A-Za-z]*(?:\.{3}[A-Za-z]*)?$/;

/** Where `...` stood, one label an axis: counted from the last, so that the last ones meet in every tensor. */
function spread(labels: readonly string[], axes: number): string[] {
  return labels.flatMap((label) =>
    label === ellipsis ? Array.from({ length: axes }, (_, axis) => `${ellipsis}${axes - axis}`) : [label],
  );
}

function parse(equation: string, tensors: readonly Tensor[]): readonly [Labelled[], string[]] {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->') as [string, string?, ...string[]];
  const written = left.split(',');
  if (more.length > 0 || ![...written, right ?? ''].every((term) => termPattern.test(term)))
    throw new ArgumentError('einsum', `'${equation}' is no equation; write letters per tensor, as in 'ij,jk->ik'`);
  const terms = written.map(labelsOf);
  if (terms.length !== tensors.length)
    throw new ArgumentError('einsum', `'${equation}' names ${terms.length} tensors, but ${tensors.length} are given`);
  let widest = 0;
  const inputs = terms.map((labels, index): Labelled => {
    const tensor = tensors[index] as Tensor;
    const further = labels.includes(ellipsis) ? tensor.rank - labels.length + 1 : 0;
    const all = spread(labels, further);
    if (further < 0 || all.length !== tensor.rank)
      throw new ShapeError(
        'einsum',
        `'${labels.join('')}' does not fit ${showShape(tensor.shape)}; give one letter per axis`,
      );
    widest = Math.max(widest, further);
    return { labels: all, tensor };
  });
  const all = terms.flat().filter((label) => label !== ellipsis);
  const output =
    right === undefined
      ? [ellipsis, ...[...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).toSorted()]
      : labelsOf(right);
  const unknown = output.find((label) => label !== ellipsis && !all.includes(label));
  if (unknown !== undefined || new Set(output).size !== output.length)
    throw new ArgumentError(
      'einsum',
      `the result '${output.join('')}' of '${equation}' must name letters of the inputs, each once`,
    );
  return [inputs, spread(output, widest)];
}

/** The size of each label: the one that is not 1, where there is one. */
function sizesOf(equation: string, inputs: readonly Labelled[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { labels, tensor } of inputs)
    for (const [axis, label] of labels.entries()) {
      const size = tensor.shape[axis] as number;
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size)
        throw new ShapeError(
          'einsum',
          `'${label}' stands for both ${known} and ${size} in '${equation}'; one letter has one size, or 1`,
        );
      sizes.set(label, known === 1 ? size : known);
    }
  return sizes;
}

/** Without the axes of size 1 that are larger elsewhere: an operand that lacks a letter is repeated along it anyway. */
function narrowed({ labels, tensor }: Labelled, sizes: ReadonlyMap<string, number>): Labelled {
  const axes = labels.flatMap((label, axis) => (tensor.shape[axis] === sizes.get(label) ? [] : [axis]));
  return { labels: labels.filter((_, axis) => !axes.includes(axis)), tensor: tensor.squeeze(axes) };
}

/** Axes with one letter become one axis, walked together. */
function diagonal({ labels, tensor }: Labelled): Labelled {
  const twice = labels.find((label, axis) => labels.indexOf(label) !== axis);
  if (twice === undefined) return { labels, tensor };
  const [first, second] = labels.flatMap((label, axis) => (label === twice ? [axis] : [])) as [number, number];
  const size = tensor.shape[first] as number;
  if (tensor.shape[second] !== size)
    throw new ShapeError(
      'einsum',
      `'${twice}' stands for both ${size} and ${tensor.shape[second]} in ${showShape(tensor.shape)}; a diagonal needs equal sizes`,
    );
  const rest = labels.flatMap((_, axis) => (axis === first || axis === second ? [] : [axis]));
  // Rows of length size + 1 over the flattened square step along its diagonal.
  const square = tensor.permute([...rest, first, second]).flatten(-2, -1);
  const walked = size === 0 ? square : square.slice([...rest.map(() => 0), 0], [], [...rest.map(() => 1), size + 1]);
  return diagonal({ labels: [...rest.map((axis) => labels[axis] as string), twice], tensor: walked });
}

function sumOut({ labels, tensor }: Labelled, keep: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, axis) => (keep(label) ? [] : [axis]));
  return axes.length === 0 ? { labels, tensor } : { labels: labels.filter(keep), tensor: tensor.sum(axes) };
}

/** One batched matrix product: shared letters that are needed later are the batch, the other shared ones are summed. */
function contract(
  left: Labelled,
  right: Labelled,
  later: ReadonlySet<string>,
  sizes: ReadonlyMap<string, number>,
): Labelled {
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const summed = shared.filter((label) => !later.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const size = (labels: readonly string[]): number => sizeOf(labels.map((label) => sizes.get(label) as number));
  const long = new Set(
    [left, right].flatMap(({ labels, tensor: { node } }) => labels.filter((_, a) => node.lengths?.[a])),
  );
  // The letter that the axis of a group stands for, if all others have size 1.
  const wide = (group: readonly string[]): string | undefined => {
    const found = group.filter((label) => long.has(label) || sizes.get(label) !== 1);
    return found.length === 1 ? found[0] : undefined;
  };
  const arrange = ({ labels, tensor }: Labelled, groups: readonly (readonly string[])[]): Tensor => {
    const order = groups.flat();
    const from = groups.map(wide).map((label) => (label === undefined ? undefined : order.indexOf(label)));
    return reshapeFrom(tensor.permute(order.map((label) => labels.indexOf(label))).node, groups.map(size), from);
  };
  const product = arrange(left, [batch, rows, summed]).matmul(arrange(right, [batch, summed, columns]));
  const groups = [batch, rows, columns];
  const labels = groups.flat();
  const from = groups.flatMap((group, at) => group.map((label) => (label === wide(group) ? at : undefined)));
  const shape = labels.map((label) => sizes.get(label) as number);
  return { labels, tensor: reshapeFrom(product.node, shape, from) };
}
