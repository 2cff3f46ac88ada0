/**
 * A JSON value seen through a counter: each look at a member or an item is counted, and beyond the
 * limit the next one throws. So whatever walks over it is bounded, an expression with several
 * descents inside filters too, without knowing how the walker works.
 */

export class TooManySteps extends Error {
  constructor(steps: number) {
    super(`the expression takes more than ${steps} steps over this answer`);
    this.name = 'TooManySteps';
  }
}

export class Metered {
  readonly #limit: number;
  readonly #views = new WeakMap<object, object>();
  readonly #originals = new WeakMap<object, object>();
  readonly #handler: ProxyHandler<object>;
  #steps = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#handler = {
      get: (target, key, receiver) => {
        this.#count();
        const value: unknown = Reflect.get(target, key, receiver);
        return typeof value === 'function' ? value : this.view(value);
      },
      has: (target, key) => {
        this.#count();
        return Reflect.has(target, key);
      },
      getOwnPropertyDescriptor: (target, key) => {
        this.#count();
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
      ownKeys: (target) => {
        const keys = Reflect.ownKeys(target);
        this.#count(keys.length);
        return keys;
      },
    };
  }

  /** The same for objects and lists, only counted; everything else as it is. */
  view(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    let view = this.#views.get(value);
    if (view === undefined) {
      view = new Proxy(value, this.#handler);
      this.#views.set(value, view);
      this.#originals.set(view, value);
    }
    return view;
  }

  /** What a view shows. */
  original(view: unknown): unknown {
    if (typeof view !== 'object' || view === null) return view;
    return this.#originals.get(view) ?? view;
  }

  #count(steps = 1): void {
    this.#steps += steps;
    if (this.#steps > this.#limit) throw new TooManySteps(this.#limit);
  }
}
