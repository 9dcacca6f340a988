/** Espalier on one thread. */
import { compile, cpu, crossEntropy, fromTyped, gradients, noGrad } from '@espalier/tensor';

export const name = () => `espalier (${cpu().description})`;

export function mlp({ batch, layers, images, labels, learningRate }) {
  const parameters = layers.map((layer) => ({
    weight: fromTyped(layer.weight, [layer.in, layer.out]).requiresGradients(),
    bias: fromTyped(layer.bias).requiresGradients(),
  }));
  const all = parameters.flatMap(({ weight, bias }) => [weight, bias]);
  const x = fromTyped(images, [batch, 784]);
  const y = fromTyped(labels);
  const step = compile((input, target) => {
    const logits = parameters.reduce((h, { weight, bias }, index) => {
      const sum = h.matmul(weight).add(bias);
      return index < parameters.length - 1 ? sum.relu() : sum;
    }, input);
    const loss = crossEntropy(logits, target);
    const found = gradients(loss, all);
    noGrad(() => all.forEach((parameter, index) => parameter.assign(parameter.sub(found[index].mul(learningRate)))));
    return loss;
  });
  let loss;
  return { step: () => (loss = step(x, y)), check: async () => loss.item() };
}

export function matmul({ size, a, b }) {
  const [left, right] = [fromTyped(a, [size, size]), fromTyped(b, [size, size])];
  let product;
  return {
    step: () => {
      product?.dispose();
      product = left.matmul(right).realizeSync();
    },
    check: async () => (await product.data())[size + 2],
  };
}
