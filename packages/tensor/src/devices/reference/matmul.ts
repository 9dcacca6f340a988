/** Matmul specs: one dot product in doubles per output element, then the epilogue or a plain store. */
import { dtypes, type ComputeDType } from '../../dtype/dtype.ts';
import { InternalError } from '../../errors.ts';
import type { LoopInstruction, MatmulSpec } from '../../kernel/spec.ts';
import { multiplyAddOf, rounders } from './arithmetic.ts';
import { compileBody, createFrame, type Step } from './body.ts';
import { affine, forEachIndex, sizesAt } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a batched matrix product. */
export function interpretMatmul(spec: MatmulSpec): Interpreter {
  const { batch, m, n, k, a, b } = spec;
  const body: readonly LoopInstruction[] = spec.epilogue ?? plainStore(spec);
  const frame = createFrame(body.length, batch.length + 2);
  const epilogue: readonly Step[] = compileBody(body, frame);
  const multiplyAdd = multiplyAddOf(computeOf(spec, a.binding));
  const round = rounders[accumulatorDType(body)];

  const row = batch.length;
  const column = row + 1;
  // Where a[..., i, 0] and b[..., 0, j] lie at output index [..., i, j].
  const startOfA = affine(a.offset, [...a.strides.slice(0, row + 1), 0], frame.index);
  const startOfB = affine(b.offset, [...b.strides.slice(0, row), 0, b.strides[column] ?? 0], frame.index);
  const strideOfA = a.strides[column] ?? 0;
  const strideOfB = b.strides[row] ?? 0;

  return (elements) => {
    frame.elements = elements;
    const left = boundTo(elements, a.binding);
    const right = boundTo(elements, b.binding);
    const sizes = sizesAt([...batch, m, n, k], elements, spec.limits);
    const depth = sizes.pop() as number;
    forEachIndex(sizes, frame.index, 0, () => {
      const atA = startOfA();
      const atB = startOfB();
      let total = 0;
      for (let p = 0; p < depth; p++)
        total = multiplyAdd(total, left.read(atA + p * strideOfA), right.read(atB + p * strideOfB));
      frame.accumulator = round(total);
      for (const step of epilogue) step();
    });
    frame.elements = [];
  };
}

function computeOf(spec: MatmulSpec, binding: number): ComputeDType {
  const { dtype } = spec.bindings[binding] ?? {};
  if (dtype === undefined)
    throw new InternalError(
      'matmul',
      `binding ${binding} of ${spec.bindings.length} does not exist: the kernel spec is malformed`,
    );
  return dtypes[dtype].compute;
}

function plainStore(spec: MatmulSpec): LoopInstruction[] {
  if (spec.out === undefined)
    throw new InternalError('matmul', 'the spec has neither `out` nor an epilogue: the result has nowhere to go');
  return [
    { kind: 'accumulator', dtype: computeOf(spec, spec.out.binding) },
    { kind: 'store', access: spec.out, arg: 0, each: 'row' },
  ];
}

function accumulatorDType(body: readonly LoopInstruction[]): ComputeDType {
  const step = body.find((candidate) => candidate.kind === 'accumulator');
  return step?.dtype ?? 'f32';
}
