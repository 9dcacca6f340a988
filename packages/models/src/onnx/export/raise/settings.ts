/** Operators whose settings were attributes, and are inputs since a version. */
import type { GraphNode } from '../../run/graph.ts';
import { changed, numberOf, numbersOf, outputOf, textOf, type Rewrite, type Surroundings } from './rewrite.ts';

/** A list of whole numbers becomes the second input; where it is left out, so is the input. */
export const listToInput =
  (attribute: string): Rewrite =>
  (node, { wholes }) => {
    const values = numbersOf(node, attribute);
    const inputs = node.inputs.slice(0, 1);
    if (values) inputs.push(wholes(`${outputOf(node)}.${attribute}`, values));
    return [changed(node, { inputs, without: [attribute] })];
  };

/** A number of the graph's type as an input; '' of one that is left out, and why there is none. */
function realInput(
  node: GraphNode,
  attribute: string,
  { real }: Surroundings,
  usual?: number,
): { readonly name?: string } {
  const value = numberOf(node, attribute, undefined);
  if (value === undefined || value === usual) return { name: '' };
  const name = real(`${outputOf(node)}.${attribute}`, value);
  return name === undefined ? {} : { name };
}

const ofWhichType = 'has a number as an attribute, and the graph computes in several types of floats';
const withoutTail = (inputs: readonly string[]): string[] =>
  inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1);

/** Bounds become inputs. */
export const clip: Rewrite = (node, around) => {
  const [low, high] = [realInput(node, 'min', around), realInput(node, 'max', around)];
  if (low.name === undefined || high.name === undefined) return ofWhichType;
  const inputs = withoutTail([node.inputs[0] ?? '', low.name, high.name]);
  return [changed(node, { inputs, without: ['min', 'max'] })];
};

/** Widths and what is filled in become inputs. */
export const pad: Rewrite = (node, around) => {
  const value = realInput(node, 'value', around, 0);
  if (value.name === undefined) return ofWhichType;
  const widths = around.wholes(`${outputOf(node)}.pads`, numbersOf(node, 'pads') ?? []);
  const inputs = withoutTail([node.inputs[0] ?? '', widths, value.name]);
  return [changed(node, { inputs, without: ['pads', 'value'] })];
};

/** Where parts begin and end becomes inputs. */
export const slice: Rewrite = (node, { wholes }) => {
  const inputs = ['starts', 'ends', 'axes'].flatMap((attribute) => {
    const values = numbersOf(node, attribute);
    return values ? [wholes(`${outputOf(node)}.${attribute}`, values)] : [];
  });
  return [changed(node, { inputs: [node.inputs[0] ?? '', ...inputs], without: ['starts', 'ends', 'axes'] })];
};

/** How many becomes an input. */
export const topK: Rewrite = (node, { wholes }) => [
  changed(node, {
    inputs: [node.inputs[0] ?? '', wholes(`${outputOf(node)}.k`, [numberOf(node, 'k', 1)])],
    without: ['k'],
  }),
];

/** How much is dropped in training became an input, which nobody needs who drops nothing. */
export const dropout: Rewrite = (node) => [changed(node, { inputs: node.inputs.slice(0, 1), without: ['ratio'] })];

/** The mask was numbers, and is truths. */
export const dropoutMask: Rewrite = (node) =>
  (node.outputs[1] ?? '') === '' ? [node] : 'gives its mask as numbers, and as truths since';

/** Without sizes of parts, how many there are has to be said. */
export const split: Rewrite = (node) =>
  (node.inputs[1] ?? '') === '' ? [changed(node, { attributes: { num_outputs: node.outputs.length } })] : [node];

/** What was for images only always is. */
export const batchNormalization: Rewrite = (node) =>
  numberOf(node, 'spatial', 1) === 0
    ? 'norms each place of an image by itself (spatial = 0)'
    : [changed(node, { without: ['spatial'] })];

/** Who asks for the moments trains. */
export const batchMoments: Rewrite = (node) =>
  node.outputs.slice(1).some((name) => name !== '') ? 'gives the moments of the batch, as in training' : [node];

/** Pads that are counted were rounded the other way. */
export const convTranspose: Rewrite = (node) =>
  textOf(node, 'auto_pad', 'NOTSET').startsWith('SAME') ? 'counts its pads (auto_pad), which are others since' : [node];

/** Where a box begins was half a pixel elsewhere. */
export const roiAlign: Rewrite = (node) => [
  changed(node, { attributes: { coordinate_transformation_mode: 'output_half_pixel' } }),
];

const gridModes: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

/** Modes have other names. */
export const gridSample: Rewrite = (node) => {
  const mode = textOf(node, 'mode', 'bilinear');
  return [changed(node, { attributes: { mode: gridModes[mode] ?? mode } })];
};
