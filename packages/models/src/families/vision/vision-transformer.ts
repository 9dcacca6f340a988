/** A transformer over patches of a picture. */
import {
  below,
  ConfigError,
  Module,
  type BuildContext,
  type CallContext,
  type ModuleConfig,
  type ModuleType,
  type Parameter,
} from '@espalier/nn';
import { concat, ShapeError, zeros, type Tensor } from '@espalier/tensor';
import { onlyParts } from '../options.ts';

const type = 'vision-transformer';
const partNames = ['patches', 'positions', 'layers', 'norm', 'head'] as const;

/** What a vision transformer is made of. */
export interface VisionTransformerParts {
  /** Pictures [batch, channels, height, width] to [batch, features, rows, columns]. */
  readonly patches: Module;
  readonly positions: Module;
  readonly layers: Module;
  readonly norm: Module;
  /** Features of the token of the class to classes. */
  readonly head?: Module | undefined;
}

/**
 * A token of the class, then the patches of a picture, row by row, through layers and a norm: pictures [batch, channels, height,
 * width] to hidden states [batch, patches + 1, width], or, with a head, to what that makes of the token of the class [batch,
 * classes]. Parameter: classToken [1, 1, width]. Submodules: `patches`, `positions`, `layers`, `norm`, and `head` where there is one.
 */
export class VisionTransformer extends Module {
  readonly type: typeof type = type;
  readonly width: number;
  readonly classToken: Parameter;
  readonly #parts: VisionTransformerParts;

  constructor(width: number, parts: VisionTransformerParts, { device, dtype }: Pick<BuildContext, 'device' | 'dtype'>) {
    super();
    this.width = width;
    this.classToken = this.addParameter('classToken', zeros([1, 1, width], { device, dtype }));
    for (const name of partNames) {
      const part = parts[name];
      if (part) this.addModule(name, part);
    }
    this.#parts = { ...parts };
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const { patches, positions, layers, norm, head } = this.#parts;
    const seen = patches.call(x, below(context, 'patches'));
    if (seen.rank !== 4 || seen.shape[1] !== this.width)
      throw new ShapeError(
        this.type,
        `takes patches of [batch, ${this.width}, rows, columns], not [${seen.shape.join(', ')}]`,
      );
    const [batch = 1, width = 1] = seen.shape;
    const inOrder = seen.reshape([batch, width, -1]).transpose(1, 2);
    const tokens = concat([this.classToken.value.expand([batch, 1, width]), inOrder], 1);
    const placed = positions.call(tokens, below(context, 'positions'));
    const states = norm.call(layers.call(placed, below(context, 'layers')), below(context, 'norm'));
    return head ? head.call(states.select(1, 0), below(context, 'head')) : states;
  }

  config(): ModuleConfig {
    const { head, ...parts } = this.#parts;
    const described: [string, Module][] = Object.entries({ ...parts, ...(head && { head }) });
    return {
      type: this.type,
      width: this.width,
      ...Object.fromEntries(described.map(([name, part]) => [name, part.config()])),
    };
  }
}

/** A vision transformer in JSON: `{ type, width, patches, positions, layers, norm, head? }`. */
export const visionTransformerType: ModuleType = {
  type,
  build: (config, context, where, child) => {
    const { width, ...parts } = onlyParts(config, where, ['width', ...partNames]);
    const place = (name: string): string => (where === '' ? name : `${where}.${name}`);
    if (!Number.isSafeInteger(width) || (width as number) < 1)
      throw new ConfigError(place('width'), 'must be a whole number of at least 1');
    const built = partNames.flatMap((name) =>
      name === 'head' && parts[name] === undefined ? [] : [[name, child(parts[name], name)] as const],
    );
    return new VisionTransformer(
      width as number,
      Object.fromEntries(built) as object as VisionTransformerParts,
      context,
    );
  },
};
