/**
 * Runs inside a realm of its own (`node:vm`), with built-ins that no other realm shares.
 * `sandbox.ts` takes the text of `openRealm` there, so it may use the language and its arguments,
 * and nothing else of this module.
 */

/** As far as it is used here. The package describes it too, but a realm can't import a package. */
export interface Expression {
  evaluate(input: unknown): Promise<unknown>;
  ast(): unknown;
}
export interface JsonataOptions {
  /** Evaluations inside each other. */
  readonly stack: number;
  /** Members of one sequence, JSONata's word for a result of many values. */
  readonly sequence: number;
}
export type Jsonata = (source: string, options: JsonataOptions) => Expression;

export type Outcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly error: unknown };

export interface Realm {
  /** The outcome's value is an Expression. */
  readonly compile: (source: string, options: JsonataOptions) => void;
  /** @param instant what the expression takes for the present, milliseconds. */
  readonly evaluate: (expression: Expression, input: string, instant: number) => void;
  /** Of the last call, once the realm's microtasks have run dry. */
  readonly outcome: () => Outcome;
}

export function openRealm(loadJsonata: () => Jsonata): Realm {
  // Without the accessor, `__proto__` in an event is a member like any other.
  Reflect.deleteProperty(Object.prototype, '__proto__');
  let instant = 0;
  /** The present is the event's time, so that every attempt gets the same answer. */
  globalThis.Date = new Proxy(Date, {
    construct: (target, args: []) =>
      Reflect.construct(target, args.length === 0 ? [instant] : args),
    get: (target, key) => (key === 'now' ? () => instant : Reflect.get(target, key)),
  });
  const jsonata = loadJsonata();
  let outcome: Outcome = { kind: 'pending' };
  return {
    compile(source, options) {
      try {
        outcome = { kind: 'done', value: jsonata(source, options) };
      } catch (error) {
        outcome = { kind: 'thrown', error };
      }
    },
    evaluate(expression, input, now) {
      outcome = { kind: 'pending' };
      instant = now;
      const run = async () => expression.evaluate(JSON.parse(input));
      run().then(
        (value) => {
          outcome = { kind: 'done', value };
        },
        (error: unknown) => {
          outcome = { kind: 'thrown', error };
        },
      );
    },
    outcome: () => outcome,
  };
}
