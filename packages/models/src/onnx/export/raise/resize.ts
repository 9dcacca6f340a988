/** Images of another size: `Upsample` became `Resize`, which got more inputs and more ways to count places. */
import { changed, numbersOf, outputOf, textOf, type Rewrite } from './rewrite.ts';

/** Factors become an input. */
export const upsampleFactors: Rewrite = (node, { floats }) => [
  changed(node, {
    inputs: [node.inputs[0] ?? '', floats(`${outputOf(node)}.scales`, numbersOf(node, 'scales') ?? [])],
    without: ['scales'],
  }),
];

/** It has another name. */
export const upsample: Rewrite = (node) => [changed(node, { type: 'Resize' })];

/** How places are counted and rounded is said, and was always the same; a region comes before the factors. */
export const resizePlaces: Rewrite = (node, { floats }) => {
  const [x = '', scales = ''] = node.inputs;
  const none = floats(`${outputOf(node)}.roi`, []);
  const how = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return [changed(node, { inputs: [x, none, scales], attributes: how })];
};

/** What is not used is left out, and was a constant without elements. */
export const resizeInputs: Rewrite = (node, { isEmpty }) => {
  if (textOf(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_half_pixel_for_nn')
    return "counts places by 'tf_half_pixel_for_nn', which there is no more";
  return [changed(node, { inputs: node.inputs.map((name) => (isEmpty(name) ? '' : name)) })];
};
