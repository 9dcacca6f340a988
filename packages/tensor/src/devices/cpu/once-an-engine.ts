/** What is compiled once for each engine, when somebody first asks for it. */
import type { Engine } from './engine.ts';

/** The same as `make`, which is called once an engine; what it made goes with the engine. */
export function onceAnEngine<Made extends object>(make: (engine: Engine) => Made): (engine: Engine) => Made {
  const made = new WeakMap<Engine, Made>();
  return (engine) => {
    let own = made.get(engine);
    if (own === undefined) {
      own = make(engine);
      made.set(engine, own);
    }
    return own;
  };
}
