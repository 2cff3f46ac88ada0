/** Realms for expressions, one for each tenant, under a time limit that nothing can outlast. */
import { createContext, Script } from 'node:vm';
import { MAX_TRANSFORM_MS } from '../../domain/limits.ts';
import { failure, failureOf } from './failures.ts';
import type { BoxFailure, BoxJob, BoxReply } from './messages.ts';
import { outputOf } from './output.ts';
import {
  openRealm,
  type Expression,
  type Jsonata,
  type JsonataOptions,
  type Outcome,
  type Realm,
} from './realm.ts';
import { refusedFunction } from './refused-functions.ts';

/** Realms kept; the one unused for longest goes first. Each takes about 0.5 MB. */
const MAX_REALMS = 16;
/** Compiled expressions kept in each realm. */
const MAX_EXPRESSIONS = 64;
const TIME_IS_UP = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
const OPTIONS: JsonataOptions = { stack: 1_000, sequence: 100_000 };

type LoadJsonata = (module: { exports: unknown }, exports: unknown, global: unknown) => void;

const OPEN = new Script(`(${openRealm.toString()})`, { filename: 'realm' });
/** As scripts, because the time limit of a script covers the promises that it leaves behind. */
const COMPILE = new Script('realm.compile(source, options)', { filename: 'compile' });
const EVALUATE = new Script('realm.evaluate(expression, input, instant)', { filename: 'evaluate' });

interface Room {
  /** The realm's global object. */
  readonly globals: Record<string, unknown>;
  readonly realm: Realm;
  readonly expressions: Map<string, Expression>;
}

export class Sandbox {
  readonly #library: Script;
  readonly #rooms = new Map<number, Room>();

  /** @param jsonata text of the library. */
  constructor(jsonata: string) {
    const wrapped = `(function (module, exports, global) {${jsonata}\n})`;
    this.#library = new Script(wrapped, { filename: 'jsonata' });
  }

  run(job: BoxJob): BoxReply {
    const room = recent(this.#rooms, job.tenant, MAX_REALMS, () => this.#open());
    try {
      const expression = room.expressions.get(job.source) ?? compile(room, job.source);
      if ('detail' in expression) return { kind: 'failed', failure: expression };
      recent(room.expressions, job.source, MAX_EXPRESSIONS, () => expression);
      if (job.input === null) return { kind: 'output', text: '' };
      Object.assign(room.globals, { expression, input: job.input, instant: job.instant });
      return replyOf(run(room, EVALUATE));
    } catch (error) {
      // It was broken off at any point, so nothing can be said about the state of its realm.
      this.#rooms.delete(job.tenant);
      return { kind: 'failed', failure: broken(error) };
    } finally {
      Object.assign(room.globals, { expression: null, input: null });
    }
  }

  #open(): Room {
    const globals: Room['globals'] = {};
    createContext(globals, {
      microtaskMode: 'afterEvaluate',
      codeGeneration: { strings: false, wasm: false },
    });
    const open: typeof openRealm = OPEN.runInContext(globals);
    const realm = open(() => {
      const module: { exports: unknown } = { exports: {} };
      const load: LoadJsonata = this.#library.runInContext(globals);
      // JSONata writes base64 with it.
      load(module, module.exports, { Buffer });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the library exports
      return module.exports as Jsonata;
    });
    Object.assign(globals, { realm, options: OPTIONS });
    return { globals, realm, expressions: new Map() };
  }
}

/** What the map holds for the key, or else makes; the key becomes the last that is forgotten. */
function recent<K, V>(map: Map<K, V>, key: K, capacity: number, make: () => V): V {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > capacity && oldest !== undefined) map.delete(oldest);
  return value;
}

/** @throws Error of Node when the time is up. */
function run({ globals, realm }: Room, script: Script): Outcome {
  script.runInContext(globals, { timeout: MAX_TRANSFORM_MS });
  return realm.outcome();
}

function compile(room: Room, source: string): Expression | BoxFailure {
  room.globals['source'] = source;
  const outcome = run(room, COMPILE);
  if (outcome.kind !== 'done') {
    return failureOf(outcome.kind === 'thrown' ? outcome.error : undefined);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the realm compiles to
  const expression = outcome.value as Expression;
  return refusedFunction(expression.ast()) ?? expression;
}

function replyOf(outcome: Outcome): BoxReply {
  if (outcome.kind === 'done') return outputOf(outcome.value);
  if (outcome.kind === 'thrown') return { kind: 'failed', failure: failureOf(outcome.error) };
  const detail = 'it waits for something that never happens';
  return { kind: 'failed', failure: failure('expression', detail) };
}

function broken(error: unknown): BoxFailure {
  // Not `instanceof Error`: it may be one of the realm's.
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  if (code === TIME_IS_UP) return failure('limit', `it took longer than ${MAX_TRANSFORM_MS} ms`);
  return failure('expression', 'JSONata broke down over it');
}
