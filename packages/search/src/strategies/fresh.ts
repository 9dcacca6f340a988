/** How strategies avoid configs that were tried, and find the last untried one of a finite space. */
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Origin } from '../study/trial-record.ts';
import type { Decision, StrategyInput } from './strategy.ts';

/** How often a proposal may turn out to be known before something else is tried. */
const attempts = 20;

/**
 * The first config that was not tried before, of up to 20 that `propose` makes from streams of their own; the first of
 * all where duplicates are welcome. The first of them gets the trial's own stream.
 */
export function firstFresh<Proposal extends { readonly config: ConfigObject }>(
  { space, history, random, duplicates }: StrategyInput,
  propose: (random: RandomStream) => Proposal | undefined,
): Proposal | undefined {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const proposal = propose(attempt === 0 ? random : random.at(`attempt ${attempt}`));
    if (proposal === undefined) continue;
    if (duplicates !== 'avoid' || !history.tried.has(space.key(proposal.config))) return proposal;
  }
  return undefined;
}

/**
 * A random config that was not tried before. When sampling finds only known ones, a finite space is walked from a
 * random index, so the last untried config is found as surely as the first; in an infinite one the sample is repeated.
 * Where duplicates are welcome it is a random config, and nothing is ever exhausted.
 */
export function freshSample(input: StrategyInput, origin: Origin = { operator: 'sample' }): Decision {
  const { space, history, random, duplicates } = input;
  const { size } = space;
  if (duplicates === 'avoid' && history.tried.size >= size)
    return { type: 'exhausted', reason: `all ${size} configs were tried` };
  const fresh = firstFresh(input, (stream) => ({ config: space.sample(stream) }));
  if (fresh !== undefined) return { type: 'try', config: fresh.config, origin };
  const start = Math.floor(random.at('walk').uniform() * size);
  for (let offset = 0; offset < size && size < Infinity; offset += 1) {
    const config = space.at((start + offset) % size);
    if (!history.tried.has(space.key(config))) return { type: 'try', config, origin };
  }
  return { type: 'try', config: space.sample(random), origin };
}

/** What {@link firstFresh} finds, as a decision; else a {@link freshSample}. */
export function freshProposal(
  input: StrategyInput,
  propose: (random: RandomStream) => { readonly config: ConfigObject; readonly origin: Origin } | undefined,
): Decision {
  const found = firstFresh(input, propose);
  return found === undefined ? freshSample(input) : { type: 'try', ...found };
}
