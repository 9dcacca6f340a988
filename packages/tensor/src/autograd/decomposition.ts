/** Gradients of ops that decompose into tensor operations. */
import { modes, withMode } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import type { Attributes, GradientRule, KernelOp } from '../graph/op.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { barrier, linked } from './functional.ts';
import { differentiate } from './gradients.ts';

type Decomposition = NonNullable<KernelOp['decompose']>;

/** The rule for an op that has none of its own: the gradient of what it decomposes into. */
export function gradientOfParts(decompose: Decomposition): GradientRule {
  return (_, { inputs, gradients, attributes }) => {
    const differentiable = modes.gradients;
    // Each input has an identity of its own, also where two are one tensor or one is computed from the other.
    const own = inputs.map((input) => barrier(input, differentiable));
    const parts = withMode({ gradients: true }, () => decompose(own, attributes));
    const wanted = new Set(own.flatMap(({ node, requiresGrad }) => (requiresGrad ? [node] : [])));
    const sums = new Map<Node, Tensor>();
    for (const [index, part] of parts.entries()) {
      const gradOutput = gradients[index];
      if (!gradOutput || !part.requiresGrad) continue;
      const found = differentiate(part, { gradOutput, differentiable, retainGraph: true }, wanted, true);
      for (const [node, gradient] of found) sums.set(node, sums.get(node)?.add(gradient) ?? gradient);
    }
    return own.map(({ node }) => sums.get(node));
  };
}

/** What an op decomposes into, with the rule of the op in place of the gradients of the parts. */
export function withOwnGradient(decompose: Decomposition, gradient: GradientRule): Decomposition {
  return (inputs: readonly Tensor[], attributes: Attributes) => {
    const values = withMode({ gradients: false }, () => decompose(inputs, attributes));
    return values.map((value, index) =>
      linked(value, [...inputs, ...values], (g, site) => {
        const [given, outputs] = [site.inputs.slice(1, 1 + inputs.length), site.inputs.slice(1 + inputs.length)];
        const gradients = values.map((_, other) => (other === index ? g : undefined));
        return [
          undefined,
          ...gradient(g, { inputs: given, output: outputs[0] as Tensor, outputs, gradients, attributes }),
        ];
      }),
    );
  };
}
