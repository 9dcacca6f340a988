/**
 * Residual networks under the names that torchvision gives their weights. Sources: K. He et al., "Deep residual learning for image
 * recognition", CVPR 2016; of blocks of three convolutions the second has the stride, as in torchvision.
 */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { show, showShape } from '@espalier/tensor/arguments';
import type { Shape } from '@espalier/tensor';
import type { Family, FamilyMember, WeightShapes } from './family.ts';
import { aCount, familyOptions, oneOf, type OptionRule, type OptionRulesOf } from './options.ts';

/** Blocks of each stage by depth, and whether they have three convolutions. */
const depths: Readonly<Record<number, readonly [readonly number[], Block]>> = {
  18: [[2, 2, 2, 2], 'basic'],
  34: [[3, 4, 6, 3], 'basic'],
  50: [[3, 4, 6, 3], 'bottleneck'],
  101: [[3, 4, 23, 3], 'bottleneck'],
  152: [[3, 8, 36, 3], 'bottleneck'],
};

type Block = 'basic' | 'bottleneck';

/** What a description may say. */
interface Options {
  readonly depth?: number;
  readonly blocks?: readonly number[];
  readonly block?: Block;
  readonly stem?: 'pictures' | 'small';
  readonly channels?: number;
  readonly classes?: number;
  readonly widths?: readonly number[];
  readonly strides?: readonly number[];
}

const areCounts: OptionRule['holds'] = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= 16 && value.every((each) => aCount.holds(each));

const rules: OptionRulesOf<Options> = {
  depth: {
    holds: (value) => Object.hasOwn(depths, String(value)),
    is: `one of ${Object.keys(depths).join(', ')}`,
  },
  blocks: { holds: areCounts, is: 'how many blocks each stage has' },
  block: oneOf('basic', 'bottleneck'),
  stem: { holds: oneOf('pictures', 'small').holds, is: 'pictures (stride 2 and pooling) or small (neither)' },
  channels: aCount,
  classes: aCount,
  widths: { holds: areCounts, is: 'the channels of each stage' },
  strides: { holds: areCounts, is: 'the stride of each stage' },
};

/** How many blocks the weights have, stage by stage. */
function blocksIn(weights: WeightShapes): number[] {
  const blocks: number[] = [];
  while (weights.has(`layer${blocks.length + 1}.0.conv1.weight`)) {
    const stage = `layer${blocks.length + 1}`;
    let count = 1;
    while (weights.has(`${stage}.${count}.conv1.weight`)) count += 1;
    blocks.push(count);
  }
  return blocks;
}

/** What of the whole is known before its layers are. */
interface Plan {
  readonly blocks: readonly number[];
  readonly block: Block;
  readonly stem: 'pictures' | 'small';
  readonly widths: readonly number[];
  readonly strides: readonly number[];
}

function planOf(options: Options, weights: WeightShapes): Plan {
  const [deep, kind] = depths[options.depth ?? 0] ?? [];
  const found = blocksIn(weights);
  const blocks = options.blocks ?? deep ?? found;
  if (blocks.length === 0)
    throw new ConfigError('resnet', `has neither depth nor blocks; give one: depth is ${rules.depth.is}`);
  if (found.length > 0 && found.join() !== blocks.join())
    throw new ConfigError(
      'resnet',
      `has blocks ${show(blocks)}, and the weights are of ${show(found)}; give blocks, or another depth`,
    );
  const isBottleneck = weights.has('layer1.0.conv3.weight');
  const block = options.block ?? kind ?? (isBottleneck ? 'bottleneck' : 'basic');
  if (found.length > 0 && (block === 'bottleneck') !== isBottleneck)
    throw new ConfigError(
      'resnet',
      `is of ${block} blocks, and those of the weights have ${isBottleneck ? 3 : 2} convolutions`,
    );
  const {
    widths = blocks.map((_, stage) => 64 * 2 ** stage),
    strides = blocks.map((_, stage) => (stage === 0 ? 1 : 2)),
  } = options;
  for (const [name, each] of Object.entries({ widths, strides }))
    if (each.length !== blocks.length)
      throw new ConfigError(
        `resnet.${name}`,
        `is ${show(each)}; it must have a number for each of ${blocks.length} stages`,
      );
  return { blocks, block, stem: options.stem ?? stemOf(weights), widths, strides };
}

/** @throws {ConfigError} for a first convolution that does not tell. */
function stemOf(weights: WeightShapes): Plan['stem'] {
  const first = weights.get('conv1.weight');
  if (first === undefined || first[2] === 7) return 'pictures';
  throw new ConfigError(
    'resnet',
    `begins with a convolution ${showShape(first)}, which may have a stride of 2 and pooling behind it (stem: 'pictures') or neither (stem: 'small', as in resnet-18-small); say which`,
  );
}

/** Layers by the shapes of their weights, and names as they come. */
class Layers {
  readonly names: Map<string, string> = new Map();
  readonly #weights: WeightShapes;

  constructor(weights: WeightShapes) {
    this.#weights = weights;
  }

  /** Whether there is a weight, as far as is known. */
  has(name: string, usually: boolean): boolean {
    return this.#weights.size === 0 ? usually : this.#weights.has(name);
  }

  #shape(name: string, usual: Shape): Shape {
    const shape = this.#weights.get(name) ?? usual;
    if (shape.length === usual.length) return shape;
    throw new ConfigError('resnet', `${showName(name)} is ${showShape(shape)}; it must have ${usual.length} axes`);
  }

  #name(own: string, theirs: string, ...tensors: readonly string[]): void {
    for (const tensor of tensors) this.names.set(`${own}.${tensor}`, `${theirs}.${tensor}`);
  }

  /** A convolution of `taken` channels and the norm behind it; gives how many channels it has, too. */
  convolution(
    [own, theirs]: readonly [string, string],
    [norm, theirNorm]: readonly [string, string],
    {
      taken,
      out,
      kernel,
      stride,
    }: { readonly taken: number; readonly out: number; readonly kernel: number; readonly stride: number },
  ): { readonly layers: readonly ModuleConfig[]; readonly out: number } {
    const [given = out, each = taken, height = kernel, width = kernel] = this.#shape(`${theirs}.weight`, [
      out,
      taken,
      kernel,
      kernel,
    ]);
    const bias = this.#weights.has(`${theirs}.bias`);
    this.#name(own, theirs, 'weight', ...(bias ? ['bias'] : []));
    this.#name(norm, theirNorm, 'weight', 'bias', 'running_mean', 'running_var');
    const size = height === width ? height : [height, width];
    const groups = Math.max(1, Math.floor(taken / Math.max(1, each)));
    const convolution = {
      type: 'conv2d',
      in: taken,
      out: given,
      kernel: size,
      stride,
      padding: Math.floor(height / 2),
      groups,
      bias,
    };
    return { layers: [convolution, { type: 'batch-norm', features: given }], out: given };
  }

  linear(own: string, theirs: string, taken: number, classes: number): ModuleConfig {
    const [out] = this.#shape(`${theirs}.weight`, [classes, taken]);
    const bias = this.has(`${theirs}.bias`, true);
    this.#name(own, theirs, 'weight', ...(bias ? ['bias'] : []));
    return { type: 'linear', in: taken, out, bias };
  }
}

const relu: ModuleConfig = { type: 'relu' };
const inOrder = (layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });

/** A block: convolutions, a way around them, and what comes after both. */
function blockOf(
  made: Layers,
  [own, theirs]: readonly [string, string],
  {
    taken,
    width,
    stride,
    block,
  }: { readonly taken: number; readonly width: number; readonly stride: number; readonly block: Block },
): { readonly layer: ModuleConfig; readonly out: number } {
  const kernels = block === 'basic' ? [3, 3] : [1, 3, 1];
  const strided = block === 'basic' ? 0 : 1;
  const given = block === 'basic' ? width : 4 * width;
  let channels = taken;
  const body = kernels.flatMap((kernel, index) => {
    const isLast = index === kernels.length - 1;
    const [at, number] = [3 * index, index + 1];
    const { layers, out } = made.convolution(
      [`${own}.0.body.${at}`, `${theirs}.conv${number}`],
      [`${own}.0.body.${at + 1}`, `${theirs}.bn${number}`],
      { taken: channels, out: isLast ? given : width, kernel, stride: index === strided ? stride : 1 },
    );
    channels = out;
    return isLast ? layers : [...layers, relu];
  });
  const around = `${theirs}.downsample`;
  const isAround = made.has(`${around}.0.weight`, stride !== 1 || taken !== channels);
  const shortcut = isAround
    ? made.convolution([`${own}.0.shortcut.0`, `${around}.0`], [`${own}.0.shortcut.1`, `${around}.1`], {
        taken,
        out: channels,
        kernel: 1,
        stride,
      }).layers
    : undefined;
  const residual = { type: 'residual', body: inOrder(body), ...(shortcut && { shortcut: inOrder(shortcut) }) };
  return { layer: inOrder([residual, relu]), out: channels };
}

function describe(config: ModuleConfig, weights: WeightShapes): FamilyMember {
  const options = familyOptions<Options>(config, rules);
  const { blocks, block, stem, widths, strides } = planOf(options, weights);
  const made = new Layers(weights);
  const isSmall = stem === 'small';
  const taken = weights.get('conv1.weight')?.[1] ?? options.channels ?? 3;
  if (options.channels !== undefined && options.channels !== taken)
    throw new ConfigError('resnet.channels', `is ${options.channels}, and conv1 takes ${taken}`);
  const first = { taken, out: widths[0] as number, kernel: isSmall ? 3 : 7, stride: isSmall ? 1 : 2 };
  const begin = made.convolution(['0', 'conv1'], ['1', 'bn1'], first);
  const layers = [...begin.layers, relu, ...(isSmall ? [] : [{ type: 'max-pool2d', size: 3, stride: 2, padding: 1 }])];
  let channels = begin.out;
  for (const [stage, count] of blocks.entries()) {
    const own = layers.length;
    const stages: ModuleConfig[] = [];
    for (let index = 0; index < count; index++) {
      const stride = index === 0 ? (strides[stage] as number) : 1;
      const at = [`${own}.${index}`, `layer${stage + 1}.${index}`] as const;
      const { layer, out } = blockOf(made, at, { taken: channels, width: widths[stage] as number, stride, block });
      stages.push(layer);
      channels = out;
    }
    layers.push(inOrder(stages));
  }
  layers.push({ type: 'global-avg-pool' }, { type: 'flatten' });
  const head = made.linear(String(layers.length), 'fc', channels, options.classes ?? 1000);
  if (options.classes !== undefined && head['out'] !== options.classes)
    throw new ConfigError('resnet.classes', `is ${options.classes}, and fc gives ${String(head['out'])}`);
  return { config: inOrder([...layers, head]), names: made.names };
}

/**
 * `{ type: 'resnet', depth, blocks, block, stem, channels, classes, widths, strides }`, of which depth or blocks are needed where no weights
 * tell them. Without weights: 3 channels, 1,000 classes, and a stem for pictures of 224 x 224.
 */
export const resnet: Family = {
  type: 'resnet',
  members: Object.fromEntries(
    Object.keys(depths).flatMap((depth) => [
      [`resnet-${depth}`, { depth: Number(depth) }],
      [`resnet-${depth}-small`, { depth: Number(depth), stem: 'small' }],
    ]),
  ),
  describe,
};
