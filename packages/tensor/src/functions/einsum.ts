/** Einstein summation by matrix products. */
import { aText, check } from '../arguments/rules.ts';
import { tensors as severalTensors } from '../arguments/types.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { showShape, sizeOf } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

interface Labelled {
  readonly labels: readonly string[];
  readonly tensor: Tensor;
}

/**
 * Sums of products named by letters: `'bij,bjk->bik'` is a batched matrix product, `'ii->i'` a diagonal, `'ij->'` a total.
 * Without `->` the result has the letters that occur once, in alphabetical order. Operands are contracted from left to
 * right, each step as one batched matrix product. Throws ArgumentError for a malformed equation, ShapeError if one letter
 * stands for two sizes.
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  check('einsum', 'equation', equation, aText);
  check('einsum', 'tensors', tensors, severalTensors);
  const [inputs, output] = parse(equation, tensors);
  const sizes = new Map<string, number>();
  for (const { labels, tensor } of inputs)
    for (const [axis, label] of labels.entries()) {
      const size = tensor.shape[axis] as number;
      const known = sizes.get(label) ?? size;
      if (known !== size)
        throw new ShapeError(
          'einsum',
          `'${label}' stands for both ${known} and ${size} in '${equation}'; one letter has one size`,
        );
      sizes.set(label, size);
    }
  const operands = inputs.map((operand, position) => {
    const elsewhere = new Set([
      ...output,
      ...inputs.flatMap((other, index) => (index === position ? [] : other.labels)),
    ]);
    return sumOut(diagonal(operand), (label) => elsewhere.has(label));
  });
  const result = operands.reduce((left, right, position) => {
    const later = new Set([...output, ...operands.slice(position + 1).flatMap((operand) => operand.labels)]);
    return contract(left, right, later, sizes);
  });
  const order = output.map((label) => result.labels.indexOf(label));
  return result.tensor.permute(order);
}

function parse(equation: string, tensors: readonly Tensor[]): readonly [Labelled[], string[]] {
  const match = /^([A-Za-z]*(?:,[A-Za-z]*)*)(?:->([A-Za-z]*))?$/.exec(equation.replaceAll(' ', ''));
  if (!match)
    throw new ArgumentError('einsum', `'${equation}' is no equation; write letters per tensor, as in 'ij,jk->ik'`);
  const terms = (match[1] as string).split(',').map((term) => [...term]);
  if (terms.length !== tensors.length)
    throw new ArgumentError('einsum', `'${equation}' names ${terms.length} tensors, but ${tensors.length} are given`);
  const inputs = terms.map((labels, index): Labelled => {
    const tensor = tensors[index] as Tensor;
    if (labels.length !== tensor.rank)
      throw new ShapeError(
        'einsum',
        `'${labels.join('')}' does not fit ${showShape(tensor.shape)}; give one letter per axis`,
      );
    return { labels, tensor };
  });
  const all = terms.flat();
  const output =
    match[2] === undefined
      ? [...new Set(all)].filter((label) => all.filter((other) => other === label).length === 1).toSorted()
      : [...match[2]];
  const unknown = output.find((label) => !all.includes(label));
  if (unknown !== undefined || new Set(output).size !== output.length)
    throw new ArgumentError(
      'einsum',
      `the result '${output.join('')}' of '${equation}' must name letters of the inputs, each once`,
    );
  return [inputs, output];
}

/** Axes with one letter become one axis, walked together. */
function diagonal({ labels, tensor }: Labelled): Labelled {
  const twice = labels.find((label, axis) => labels.indexOf(label) !== axis);
  if (twice === undefined) return { labels, tensor };
  const [first, second] = labels.flatMap((label, axis) => (label === twice ? [axis] : [])) as [number, number];
  const size = tensor.shape[first] as number;
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
  const arrange = ({ labels, tensor }: Labelled, order: readonly string[]): Tensor =>
    tensor.permute(order.map((label) => labels.indexOf(label)));
  const a = arrange(left, [...batch, ...rows, ...summed]).reshape(size(batch), size(rows), size(summed));
  const b = arrange(right, [...batch, ...summed, ...columns]).reshape(size(batch), size(summed), size(columns));
  const labels = [...batch, ...rows, ...columns];
  return { labels, tensor: a.matmul(b).reshape(labels.map((label) => sizes.get(label) as number)) };
}
