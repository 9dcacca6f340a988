/** A median regret to compare with. */
export interface Cell {
  /** Strategy, as `--strategies` names it. */
  readonly strategy: string;
  readonly form: string;
  readonly trials: number;
  readonly regret: number;
  /** How many studies it is the median of. */
  readonly seeds: number;
  /** Whose figure it is. */
  readonly peer: string;
}

const forms = ['Branin', 'Hartmann-6', 'sphere-10', 'mixed'];

/** The cells of one strategy: by number of trials, one regret for each function. */
function row(
  strategy: string,
  peer: string,
  trials: number,
  regrets: readonly (number | undefined)[],
): readonly Cell[] {
  const seeds = strategy === 'gp' ? 8 : 50;
  return forms.flatMap((form, index) => {
    const regret = regrets[index];
    return regret === undefined ? [] : { strategy, form, trials, regret, seeds, peer };
  });
}

/**
 * Median regrets of Optuna 5.0-dev's samplers at their defaults, over 50 seeds (8 for its GP): constants, measured once
 * elsewhere, not by this program.
 */
export const referenceCells: readonly Cell[] = [
  ...row('random', 'Optuna 5 random', 100, [0.307, 1.2, 30.2, 0.269]),
  ...row('random', 'Optuna 5 random', 200, [0.14, 1.04, 26.7, 0.138]),
  ...row('sobol', 'Optuna 5 QMC', 100, [0.394, 1.18, 30.5, 0.271]),
  ...row('sobol', 'Optuna 5 QMC', 200, [0.129, 0.841, 25.5, 0.136]),
  ...row('tpe', 'Optuna 5 TPE', 100, [0.0295, 0.0993, 4.48, 0.0198]),
  ...row('tpe', 'Optuna 5 TPE', 200, [0.0032, 0.0322, 1.08, 0.00077]),
  ...row('tpe-univariate', 'Optuna 4 TPE', 100, [0.0584, 0.326, 11.9, 0.0472]),
  ...row('tpe-univariate', 'Optuna 4 TPE', 200, [0.0037, 0.116, 6.6, 0.00067]),
  ...row('cma-es', 'Optuna 5 CMA-ES', 100, [0.00995, 0.319, 3.33, 0.0116]),
  ...row('cma-es', 'Optuna 5 CMA-ES', 200, [8e-6, 0.0411, 0.652, 0.0052]),
  ...row('genetic', 'Optuna 5 GA pop 20', 100, [0.178, 0.962, 18.9, 0.126]),
  ...row('genetic', 'Optuna 5 GA pop 20', 200, [0.104, 0.461, 9.11, 0.0289]),
  ...row('nsga2', 'Optuna 5 NSGA-II pop 50', 100, [0.511, 1.28, 28.6, 0.231]),
  ...row('nsga2', 'Optuna 5 NSGA-II pop 50', 200, [0.136, 0.783, 17.4, 0.0789]),
  ...row('gp', 'Optuna 5 GP', 25, [0.066, 0.84, undefined, 0.108]),
  ...row('gp', 'Optuna 5 GP', 40, [0.00028, 0.089, undefined, 0.108]),
  ...row('gp', 'Optuna 5 GP', 60, [3e-5, 0.0012, undefined, 0.0945]),
];
