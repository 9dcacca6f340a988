/** A model of which only the tensors are known: they can be pruned, quantized and saved, and nothing computes with them. */
import {
  ConfigError,
  Module,
  registerModule,
  type BuildContext,
  type ModuleConfig,
  type ModuleType,
} from '@espalier/nn';
import { aShape } from '@espalier/nn/arguments';
import { ArgumentError, full, type Shape, type Tensor } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';

const type = 'tensors';

/** What a description of one has: shapes of its own tensors, and descriptions of those below, by name. */
interface TensorsConfig extends ModuleConfig {
  readonly tensors: { readonly [name: string]: Shape };
  readonly modules: { readonly [name: string]: TensorsConfig };
}

/** Parameters by name and nothing else. In JSON: `{ type: 'tensors', tensors: { weight: [10, 4] }, modules: {} }`. */
export class Tensors extends Module {
  readonly type: typeof type = type;
  readonly #shapes: TensorsConfig['tensors'];

  constructor(
    shapes: { readonly [name: string]: Shape },
    modules: ReadonlyMap<string, Module>,
    { device, dtype }: Pick<BuildContext, 'device' | 'dtype'>,
  ) {
    super();
    this.#shapes = shapes;
    for (const [name, shape] of Object.entries(shapes)) this.addParameter(name, full(shape, 0, { device, dtype }));
    for (const [name, module] of modules) this.addModule(name, module);
  }

  /** @throws {ArgumentError} always: nobody said what it computes. */
  forward(): Tensor {
    throw new ArgumentError(
      type,
      'only the tensors of this model are known, and not what it computes with them; describe its layers to call it',
    );
  }

  config(): ModuleConfig {
    const modules = Object.fromEntries([...this.children()].map(([name, module]) => [name, module.config()]));
    return { type, tensors: this.#shapes, modules };
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Models of tensors alone, in JSON. */
export const tensorsType: ModuleType = {
  type,
  build: ({ tensors, modules }, context, where, child) => {
    const at = (field: string): string => (where === '' ? field : `${where}.${field}`);
    if (!isRecord(tensors)) throw new ConfigError(at('tensors'), `is ${show(tensors)}; it must map names to shapes`);
    if (!isRecord(modules)) throw new ConfigError(at('modules'), `is ${show(modules)}; it must map names to modules`);
    const shapes = Object.fromEntries(
      Object.entries(tensors).map(([name, shape]): [string, Shape] => {
        if (!aShape.holds(shape)) throw new ConfigError(at('tensors'), `has ${show(shape)}; it must be ${aShape.is}`);
        return [name, shape];
      }),
    );
    const below = Object.keys(modules).map((name) => [name, child(modules[name], `modules.${name}`)] as const);
    return new Tensors(shapes, new Map(below), context);
  },
};

/** Makes `build`, and the loading of model folders, know models of tensors alone. */
export function registerTensors(): void {
  registerModule(tensorsType);
}

interface Group {
  readonly tensors: Map<string, Shape>;
  readonly groups: Map<string, Group>;
}

const group = (): Group => ({ tensors: new Map(), groups: new Map() });

function configOf({ tensors, groups }: Group): TensorsConfig {
  return {
    type,
    tensors: Object.fromEntries(tensors),
    modules: Object.fromEntries([...groups].map(([name, each]) => [name, configOf(each)])),
  };
}

/** Dots that a name may have and still be taken apart. */
const mostParts = 64;

/** The description of a model of tensors with these names and shapes; dots in names stand between modules. */
export function describeTensors(
  shapes: ReadonlyMap<string, Shape>,
  ties: ReadonlyMap<string, string> = new Map(),
): ModuleConfig {
  const root = group();
  for (const [name, shape] of shapes) {
    const parts = name.split('.');
    // What would not come back under its own name stays in one piece.
    const whole = parts.includes('') || parts.length > mostParts;
    let place = root;
    for (const part of whole ? [] : parts.slice(0, -1)) {
      const below: Group = place.groups.get(part) ?? group();
      place.groups.set(part, below);
      place = below;
    }
    place.tensors.set(whole ? name : (parts.at(-1) as string), shape);
  }
  const config = configOf(root);
  return ties.size === 0 ? config : { ...config, ties: Object.fromEntries(ties) };
}
