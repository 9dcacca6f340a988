import type { RandomStream } from '../../random/random-stream.ts';
import { truncatedQuantile } from '../../numeric/normal.ts';
import { fromUnit, toUnit } from '../../space/number-scale.ts';
import type { ParameterValue } from '../../space/parameter.ts';
import { sampleParameter } from '../../space/space.ts';
import type { ActiveParameter, Space } from '../../space/space.ts';
import type { ConfigObject } from '../../space/node.ts';

type Flat = ReadonlyMap<string, ActiveParameter>;

/** A density over configs: a kernel on each of some, the product over parameters of one factor each. */
export interface KernelDensity {
  readonly flats: readonly Flat[];
  /** By path, the width of a number's kernel, or how likely a choice's kernel is to leave its value. */
  readonly widths: ReadonlyMap<string, number>;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** A density over configs, its widths by the normal reference rule; a parameter counts where it is active. */
export function kernelDensity(space: Space, configs: readonly ConfigObject[], minWidth: number): KernelDensity {
  const flats = configs.map((config) => space.flatten(config));
  const dimensions = Math.max(1, ...flats.map(({ size }) => size));
  const widths = new Map<string, number>();
  for (const [path, parameter] of space.parameters()) {
    const active = flats.flatMap((flat) => flat.get(path)?.value ?? []);
    if (active.length === 0) continue;
    const rule = 1.059 * active.length ** (-1 / (4 + dimensions));
    if (parameter.kind === 'choice') {
      const most = 1 - 1 / parameter.values.length;
      const positions = active.map((value) => parameter.values.indexOf(value));
      widths.set(path, Math.min(most, Math.max(minWidth, rule * deviation(positions))));
    } else {
      const positions = active.map((value) => toUnit(parameter, Number(value)));
      widths.set(path, Math.max(minWidth, rule * deviation(positions)));
    }
  }
  return { flats, widths };
}

function logKernel({ parameter, value }: ActiveParameter, centre: ParameterValue, width: number): number {
  if (parameter.kind === 'choice') {
    return Math.log(value === centre ? 1 - width : width / Math.max(1, parameter.values.length - 1));
  }
  const away = (toUnit(parameter, Number(value)) - toUnit(parameter, Number(centre))) / width;
  return -0.5 * away * away - Math.log(width);
}

/** The logarithm of the density at a config, up to a constant. */
export function logDensity({ flats, widths }: KernelDensity, at: Flat): number {
  const terms = flats.map((flat) => {
    let sum = 0;
    for (const [path, active] of at) {
      const centre = flat.get(path);
      if (centre !== undefined) sum += logKernel(active, centre.value, widths.get(path) ?? 1);
      else if (active.parameter.kind === 'choice') sum -= Math.log(active.parameter.values.length);
    }
    return sum;
  });
  const top = Math.max(...terms);
  return top === -Infinity
    ? top
    : top + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - top), 0) / terms.length);
}

/** A config drawn from a density whose kernels are `factor` times as wide. */
export function drawConfig(space: Space, density: KernelDensity, factor: number, random: RandomStream): ConfigObject {
  const centre = random.at('kernel').pick(density.flats);
  return space.build((path, parameter) => {
    const own = random.at(path);
    const active = centre?.get(path);
    if (active === undefined) return sampleParameter(parameter, own);
    const width = (density.widths.get(path) ?? 1) * factor;
    if (parameter.kind === 'choice') return own.chance(width) ? sampleParameter(parameter, own) : active.value;
    const mean = toUnit(parameter, Number(active.value));
    return fromUnit(parameter, truncatedQuantile(own.uniform(), mean, width));
  });
}
