/** The gradients of attention as an op, which computes the shares again instead of having kept them. */
import { outputNode } from '../../graph/build.ts';
import { modes } from '../../graph/modes.ts';
import type { Node } from '../../graph/node.ts';
import type { GradientSite, KernelOp, ResultType } from '../../graph/op.ts';
import { queriesTogether } from '../../kernel/attention-spec.ts';
import type { Access, AttentionGradientSpec, Binding } from '../../kernel/spec.ts';
import { contiguousStrides, sizeOf, type Shape } from '../../shape/shape.ts';
import type { Layout } from '../../shape/layout.ts';
import { applyKernel, isRun } from '../../tensor/apply-kernel.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { wrap } from '../../tensor/wrap.ts';
import { placesOf, type AttentionAttributes } from './inputs.ts';

/** What is told of a use beside its tensors: those of attention, then g, the logarithms of sums, and g · out. */
interface GradientAttributes extends AttentionAttributes {
  readonly parts: number;
}

/** Shapes of the gradients towards q, k and v; those towards k and v are in parts. */
function resultsOf([q, k, v]: readonly Shape[], parts: number): readonly [Shape, Shape, Shape] {
  const inParts = (shape: Shape): Shape => [...shape.slice(0, -2), parts, ...shape.slice(-2)];
  return [q as Shape, inParts(k as Shape), inParts(v as Shape)];
}

function gradientSpec(node: Node, layouts: readonly Layout[]): AttentionGradientSpec {
  const { parts, causal, scale, ...has } = node.attributes as GradientAttributes;
  const { mask, bias, count, q, k, v } = placesOf(has);
  const access = (input: number): Access => {
    const { offset, strides } = layouts[input] as Layout;
    return { binding: input, offset, strides };
  };
  const shapes = layouts.map(({ shape }) => shape);
  const [queries, size] = (shapes[q] as Shape).slice(-2) as [number, number];
  const [keys, valueSize] = (shapes[v] as Shape).slice(-2) as [number, number];
  const read = node.inputs.map(({ dtype }): Binding => ({ dtype, access: 'read' }));
  const write: Binding = { dtype: node.dtype, access: 'write' };
  const [dq, dk, dv] = resultsOf(shapes, parts).map((shape, at): Access => ({
    binding: read.length + at,
    offset: 0,
    strides: contiguousStrides(shape),
  })) as [Access, Access, Access];
  return {
    kind: 'attention-gradient',
    bindings: [...read, write, write, write],
    batch: (shapes[q] as Shape).slice(0, -2),
    queries,
    keys,
    size,
    valueSize,
    scale,
    causal,
    parts,
    q: access(q),
    k: access(k),
    v: access(v),
    ...(mask !== undefined && { mask: access(mask) }),
    ...(bias !== undefined && { bias: access(bias) }),
    g: access(count),
    logSum: access(count + 1),
    delta: access(count + 2),
    dq,
    dk,
    dv,
  };
}

/** It has no gradient: where gradients are differentiated again, they are those of what attention decomposes into. */
const attentionGradientOp: KernelOp = {
  family: 'kernel',
  name: 'attentionGradient',
  strided: true,
  multiplyAccumulates: ({ inputs }) => {
    const [q, , v] = inputs.map(({ shape }) => shape) as [Shape, Shape, Shape];
    return sizeOf(q.slice(0, -1)) * (v.at(-2) as number) * (3 * (q.at(-1) as number) + 2 * (v.at(-1) as number));
  },
  plan: (node) => ({
    outputs: resultsOf(
      node.inputs.map(({ shape }) => shape),
      (node.attributes as GradientAttributes).parts,
    ).map((shape) => ({ shape, dtype: node.dtype })),
    steps: (layouts) => [
      {
        spec: gradientSpec(node, layouts),
        operands: [...layouts.map((_, input) => ({ input })), ...[0, 1, 2].map((output) => ({ output }))],
      },
    ],
  }),
};

/** Units that there are at least, where there are as many blocks of queries. */
const fewUnits = 8;
/** Blocks of queries of a part: at least, so that its sums are worth adding up, and at most, so that those are within their bound. */
const [leastBlocks, mostBlocks] = [4, 256];

/** In how many parts queries are cut, by the sizes alone, so that what is computed is always the same. */
function partsOf(q: Shape): number {
  const blocks = Math.ceil((q.at(-2) as number) / queriesTogether);
  const wanted = Math.ceil(fewUnits / Math.max(1, sizeOf(q.slice(0, -2))));
  return Math.max(1, Math.min(wanted, Math.floor(blocks / leastBlocks)), Math.ceil(blocks / mostBlocks));
}

/** The gradients towards the inputs of attention by a kernel; undefined where the device has none, or they are differentiated again. */
export function kernelGradients(
  g: Tensor,
  { inputs, output, outputs: [out], attributes }: GradientSite,
): readonly Tensor[] | undefined {
  if (modes.gradients || !out) return undefined;
  const shapes = inputs.slice(0, 3).map(({ shape }) => shape);
  const parts = partsOf(shapes[0] as Shape);
  const given: GradientAttributes = { ...(attributes as AttentionAttributes), parts };
  // A handle of its own: the one that attention gave may be gone.
  const logSum = wrap(outputNode(output.node, 1, out.shape.slice(0, -1), out.dtype));
  const operands = [...inputs, g, logSum, g.mul(out).sum(-1)];
  const results = resultsOf(shapes, parts).map((shape): ResultType => ({ shape, dtype: g.dtype })) as [ResultType];
  if (!isRun(attentionGradientOp, operands, given, results[0])) return undefined;
  const [dq, dk, dv] = applyKernel(attentionGradientOp, operands, given, results) as [Tensor, Tensor, Tensor];
  return [dq, dk.sum(-3), dv.sum(-3)];
}
