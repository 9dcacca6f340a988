/** Products of matrices, and what is made of them. */
import { einsum, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes, isWhole } from '../values/element-types.ts';

/** Whole numbers are multiplied in doubles, which are exact, and come back as what they are. */
export function multiplied(a: Tensor, b: Tensor, whole: boolean): Tensor {
  return whole ? a.cast('f64').matmul(b.cast('f64')) : a.matmul(b);
}

const matmul = operator('MatMul', (call) => {
  const { type } = call.input(0);
  return call.give(type, multiplied(call.tensor(0), call.tensor(1), isWhole(type)));
});

const gemm = operator('Gemm', (call) => {
  const { type } = call.input(0);
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const turned = (x: Tensor, name: string): Tensor => (call.truth(name) ? x.t() : x);
  const [alpha, beta] = [call.real('alpha', 1), call.real('beta', 1)];
  const product = multiplied(turned(a, 'transA'), turned(b, 'transB'), isWhole(type));
  const scaled = alpha === 1 ? product : product.mul(alpha);
  const c = call.optionalTensor(2);
  if (!c) return call.give(type, scaled);
  return call.give(type, scaled.add((beta === 1 ? c : c.mul(beta)).cast(product.dtype)));
});

/** A zero point for each row of the first, or each column of the second. */
export function minusZero(x: Tensor, point: Tensor | undefined, isFirst: boolean): Tensor {
  const wide = x.cast('i32');
  if (!point) return wide;
  const zero = point.cast('i32');
  return wide.sub(isFirst && zero.rank === 1 && zero.size > 1 ? zero.unsqueeze(-1) : zero);
}

const ofWhole = operator('MatMulInteger', (call) => {
  const [a, b] = [
    minusZero(call.tensor(0), call.optionalTensor(2), true),
    minusZero(call.tensor(1), call.optionalTensor(3), false),
  ];
  return call.give('i32', multiplied(a, b, true));
});

const contracted = operator('Einsum', (call) => {
  const equation = call.text('equation', '').replaceAll(' ', '');
  const operands = call.inputs();
  const type = operands[0]?.type ?? 'f32';
  const isExact = elementTypes[type].kind === 'integer';
  const tensors = operands.map((each) => (isExact ? call.placed(each).cast('f64') : call.placed(each)));
  return call.give(
    type,
    call.told(() => einsum(equation, ...tensors)),
  );
});

/** The determinant by elimination, with the largest element of each column as its pivot: a step for each column. */
function determinant(call: Call, x: Tensor): Tensor {
  const n = x.shape.at(-1) as number;
  if (x.rank < 2 || x.shape.at(-2) !== n) call.refuse(`takes square matrices, not [${x.shape.join(', ')}]`);
  let rest = x.reshape([-1, n, n]);
  let product = rest.filled([rest.shape[0] as number], 1);
  for (let size = n; size > 0; size--) {
    const column = rest.narrow(2, 0, 1).squeeze([2]);
    const pivot = column.abs().argmax(1, { keepDims: true });
    const isPivot = rest.filled([size], 1).cast('i32').cumsum(0).sub(1).eq(pivot).cast(x.dtype).unsqueeze(2);
    const row = rest.mul(isPivot).sum(1, { keepDims: true });
    const head = row.narrow(2, 0, 1);
    // Moving row p to the front is p exchanges of neighbours.
    const sign = pivot.remainder(2).mul(-2).add(1).squeeze([1]).cast(x.dtype);
    product = product.mul(head.reshape([-1])).mul(sign);
    if (size === 1) break;
    // A pivot of 0 is a determinant of 0, whatever the rest is.
    const safe = head.where(head.ne(0), 1);
    const cleared = rest.sub(rest.narrow(2, 0, 1).mul(row).div(safe));
    const behind = rest
      .filled([size - 1], 1)
      .cast('i32')
      .cumsum(0)
      .sub(1);
    const kept = behind.add(behind.ge(pivot).cast('i32'));
    rest = cleared
      .narrow(2, 1, size - 1)
      .gather(1, kept.unsqueeze(2).expand([rest.shape[0] as number, size - 1, size - 1]));
  }
  return product.reshape(x.shape.slice(0, -2));
}

/** Products of matrices. */
export const matrixOperators: readonly Operator[] = [
  matmul,
  gemm,
  ofWhole,
  contracted,
  operator('Det', (call) => call.give(call.input(0).type, determinant(call, call.tensor(0)))),
];
