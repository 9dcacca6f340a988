/** Kernel densities over the configs of any space, to draw from and to compare, as BOHB does. */
import type { RandomStream } from '../../random/random-stream.ts';
import { truncatedQuantile } from '../../numeric/normal.ts';
import { fromUnit, toUnit } from '../../space/number-scale.ts';
import { sampleParameter, type ActiveParameter, type Space } from '../../space/space.ts';
import type { ConfigObject } from '../../space/node.ts';

type Flat = ReadonlyMap<string, ActiveParameter>;

/** What a density says of a parameter. */
interface Column {
  /** The width of a number's kernel, or how likely a choice's kernel is to leave its value. */
  readonly width: number;
  /** Where each kernel stands: a number's position in [0, 1], a choice's place; NaN where the parameter is not active. */
  readonly centres: Float64Array;
}

/** A density over configs: a kernel on each of some, the product over parameters of one factor each. */
export interface KernelDensity {
  readonly flats: readonly Flat[];
  /** By path; a parameter that is active nowhere has none. */
  readonly columns: ReadonlyMap<string, Column>;
}

function positionOf({ parameter, value }: ActiveParameter): number {
  return parameter.kind === 'choice' ? parameter.values.indexOf(value) : toUnit(parameter, Number(value));
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/**
 * As {@link deviation}, of places of a choice, any two of which are 1 apart. Two more, spread over all `options`, count
 * too: so none is given up where all agree.
 */
function spread(places: readonly number[], options: number): number {
  const counts = Array.from({ length: options }, () => 2 / options);
  for (const place of places) counts[place] = (counts[place] ?? 0) + 1;
  const alike = counts.reduce((sum, count) => sum + (count / (places.length + 2)) ** 2, 0);
  return Math.sqrt((1 - alike) / 2);
}

/** A density over configs, its widths by the normal reference rule; a parameter counts where it is active. */
export function kernelDensity(space: Space, configs: readonly ConfigObject[], minWidth: number): KernelDensity {
  const flats = configs.map((config) => space.flatten(config));
  const dimensions = Math.max(1, ...flats.map(({ size }) => size));
  const columns = new Map<string, Column>();
  for (const [path, parameter] of space.parameters()) {
    const centres = Float64Array.from(flats, (flat) => {
      const active = flat.get(path);
      return active === undefined ? Number.NaN : positionOf(active);
    });
    const active = [...centres].filter((centre) => !Number.isNaN(centre));
    if (active.length === 0) continue;
    const options = parameter.kind === 'choice' ? parameter.values.length : Infinity;
    const scale = options === Infinity ? deviation(active) : spread(active, options);
    const width = Math.max(minWidth, 1.059 * active.length ** (-1 / (4 + dimensions)) * scale);
    columns.set(path, { width: options === Infinity ? width : Math.min(1 - 1 / options, width), centres });
  }
  return { flats, columns };
}

/** Adds the logarithm of a parameter's factor to that of each kernel. */
function addFactors(terms: Float64Array, active: ActiveParameter, column: Column | undefined): void {
  const { parameter } = active;
  // Where a kernel lacks the parameter, all of a choice's values are as likely; a number's density on [0, 1] is 1.
  const elsewhere = parameter.kind === 'choice' ? -Math.log(parameter.values.length) : 0;
  const position = positionOf(active);
  const { width = 1, centres } = column ?? {};
  const others = parameter.kind === 'choice' ? Math.max(1, parameter.values.length - 1) : 1;
  const [same, other, scale] = [Math.log(1 - width), Math.log(width / others), Math.log(width)];
  for (let index = 0; index < terms.length; index += 1) {
    const centre = centres?.[index] ?? Number.NaN;
    let factor = elsewhere;
    if (parameter.kind === 'choice') {
      if (centre === position) factor = same;
      else if (!Number.isNaN(centre)) factor = other;
    } else if (!Number.isNaN(centre)) {
      const away = (position - centre) / width;
      factor = -0.5 * away * away - scale;
    }
    terms[index] = (terms[index] ?? 0) + factor;
  }
}

/** The logarithm of the density at a config, up to a constant. */
export function logDensity({ flats, columns }: KernelDensity, at: Flat): number {
  const terms = new Float64Array(flats.length);
  for (const [path, active] of at) addFactors(terms, active, columns.get(path));
  const top = terms.reduce((most, term) => Math.max(most, term), -Infinity);
  return top === -Infinity
    ? top
    : top + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - top), 0) / terms.length);
}

/** A config drawn from a density whose kernels on numbers are `factor` times as wide. */
export function drawConfig(space: Space, density: KernelDensity, factor: number, random: RandomStream): ConfigObject {
  const centre = random.at('kernel').pick(density.flats);
  return space.build((path, parameter) => {
    const own = random.at(path);
    const active = centre?.get(path);
    if (active === undefined) return sampleParameter(parameter, own);
    const width = density.columns.get(path)?.width ?? 1;
    if (parameter.kind === 'choice') return own.chance(width) ? sampleParameter(parameter, own) : active.value;
    const mean = toUnit(parameter, Number(active.value));
    return fromUnit(parameter, truncatedQuantile(own.uniform(), mean, width * factor));
  });
}
