/**
 * Families of models: architectures that many trained models share, described in a few words. What those leave open, such as the
 * widths of a model that was pruned, is read from the shapes of its weights.
 */
import { ConfigError, registerModule, Registry, type ModuleConfig } from '@espalier/nn';
import { aFunction, anObject, aText, check, ruleOf } from '@espalier/tensor/arguments';
import type { Shape } from '@espalier/tensor';
import { causalLanguageModelType } from './language/causal-language-model.ts';
import { bert } from './language/bert.ts';
import { gpt2 } from './language/gpt2.ts';
import { llama } from './language/llama.ts';
import { textEncoderType } from './language/text-encoder.ts';
import { resnet } from './resnet.ts';
import { vit } from './vision/vit.ts';
import { visionTransformerType } from './vision/vision-transformer.ts';

/** The shapes of the weights of a model, by the names that its family gives them. */
export type WeightShapes = ReadonlyMap<string, Shape>;

/** A model of a family: its layers, and the name that the family gives to each of their tensors. */
export interface FamilyMember {
  readonly config: ModuleConfig;
  readonly names: ReadonlyMap<string, string>;
}

/** A family, as `registerFamily` takes it. */
export interface Family {
  /** What descriptions call it: their `type`. */
  readonly type: string;
  /** Descriptions with a name of their own, such as `resnet-18`. */
  readonly members: Readonly<Record<string, { readonly [option: string]: unknown }>>;
  /**
   * The layers of a member; what its description leaves open is read from the shapes of weights, or is what is usual.
   * @throws {ConfigError} for a description that is wrong, or contradicts the weights.
   */
  readonly describe: (config: ModuleConfig, weights: WeightShapes) => FamilyMember;
}

const families = new Registry<Family>('family of models', ({ type }) => type, [resnet, llama, gpt2, bert, vit]);

const aFamily = ruleOf<Family>(
  'a family of models: { type, members, describe }',
  (value) =>
    anObject.holds(value) &&
    aText.holds(Reflect.get(value, 'type')) &&
    anObject.holds(Reflect.get(value, 'members')) &&
    aFunction.holds(Reflect.get(value, 'describe')),
);

/**
 * Adds a family.
 * @throws {ConfigError} if its name is taken by another one.
 */
export function registerFamily(family: Family): void {
  families.register('registerFamily', check('registerFamily', 'family', family, aFamily));
}

/** The names of descriptions that need no file: `resnet-18` and so on. */
export function memberNames(): readonly string[] {
  return families.names.flatMap((type) => Object.keys(families.get(type)?.members ?? {}));
}

/** The description of a name, if there is one. */
export function memberNamed(name: string): ModuleConfig | undefined {
  for (const type of families.names) {
    const { members = {} } = families.get(type) ?? {};
    if (Object.hasOwn(members, name)) return { type, ...members[name] };
  }
  return undefined;
}

/**
 * The layers of a model of a family; undefined for a description of anything else.
 * @throws {ConfigError} for a description that is wrong, or contradicts the weights.
 */
export function describeMember(config: ModuleConfig, weights: WeightShapes = new Map()): FamilyMember | undefined {
  return families.get(config.type)?.describe(config, weights);
}

/**
 * Makes `build` know the families: what it builds are their layers.
 *
 * @example
 * registerFamilies();
 * const model = build({ type: 'resnet', depth: 18, classes: 10, stem: 'small' }, { seed: 1 });
 */
export function registerFamilies(): void {
  for (const type of [causalLanguageModelType, textEncoderType, visionTransformerType]) registerModule(type);
  for (const type of families.names) registerModule(moduleTypeOf(type));
}

const moduleTypes = new Map<string, Parameters<typeof registerModule>[0]>();

function moduleTypeOf(type: string): Parameters<typeof registerModule>[0] {
  const known = moduleTypes.get(type);
  if (known) return known;
  const made: Parameters<typeof registerModule>[0] = {
    type,
    build: (config, _context, where, child) => {
      const member = describeMember(config);
      if (!member) throw new ConfigError(where, `${type} is no family of models any more`);
      return child(member.config, type);
    },
  };
  moduleTypes.set(type, made);
  return made;
}
