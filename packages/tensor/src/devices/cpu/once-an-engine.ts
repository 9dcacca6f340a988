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

/** The same of what `make` is given beside the engine: it is called once for each that differ by their keys. */
export function onceAnEngineEach<Of, Made extends object>(
  make: (engine: Engine, of: Of) => Made,
  keyOf: (of: Of) => string,
): (engine: Engine, of: Of) => Made {
  const madeOf = onceAnEngine(() => new Map<string, Made>());
  return (engine, of) => {
    const made = madeOf(engine);
    const key = keyOf(of);
    let own = made.get(key);
    if (own === undefined) {
      own = make(engine, of);
      made.set(key, own);
    }
    return own;
  };
}
