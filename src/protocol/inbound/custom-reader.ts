/** Reads a JSON object that a person wrote, and says where it is wrong and what to do about it. */
import { isObject } from './code/json.ts';
import type { JsonObject } from './code/json.ts';

const MAX_TEXT_CHARS = 256;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Members that nobody asked for are refused by `end`: a typing error must not weaken a scheme. */
export class ObjectReader {
  readonly #pointer: string;
  readonly #object: JsonObject;
  readonly #known = new Set<string>();

  /** @throws TypeError when the value is no object. */
  constructor(value: unknown, pointer: string) {
    if (!isObject(value)) {
      throw new TypeError(`${pointer === '' ? '/' : pointer}: write a JSON object here`);
    }
    this.#pointer = pointer;
    this.#object = value;
  }

  /** An error at a member. */
  wrong(member: string, sentence: string): TypeError {
    return new TypeError(`${this.at(member)}: ${sentence}`);
  }

  /** JSON Pointer to a member. */
  at(member: string): string {
    return `${this.#pointer}/${member}`;
  }

  has(member: string): boolean {
    this.#known.add(member);
    return Object.hasOwn(this.#object, member);
  }

  value(member: string): unknown {
    return this.has(member) ? this.#object[member] : undefined;
  }

  object(member: string): ObjectReader {
    return new ObjectReader(this.value(member), this.at(member));
  }

  /** @param otherwise when it is left out; undefined where it must be there. */
  text(member: string, otherwise?: string): string {
    const value = this.value(member) ?? otherwise;
    if (typeof value !== 'string') throw this.wrong(member, 'write a text here');
    if (value.length > MAX_TEXT_CHARS) {
      throw this.wrong(member, `write at most ${MAX_TEXT_CHARS} characters`);
    }
    if (value.includes('{config.')) {
      throw this.wrong(
        member,
        'write the value itself; {config.…} is for entries of the catalogue',
      );
    }
    return value;
  }

  header(member: string): string {
    const name = this.text(member);
    if (HEADER_NAME.test(name)) return name.toLowerCase();
    throw this.wrong(member, 'write the name of a header, such as x-signature');
  }

  pointer(member: string): string {
    const pointer = this.text(member);
    if (pointer.startsWith('/')) return pointer;
    throw this.wrong(member, 'write a JSON Pointer into the body, such as /signature');
  }

  oneOf<Choice extends string>(
    member: string,
    choices: readonly Choice[],
    otherwise?: Choice,
  ): Choice {
    const value = this.value(member) ?? otherwise;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw this.wrong(member, `write one of ${choices.join(', ')}`);
  }

  flag(member: string): boolean {
    const value = this.value(member) ?? false;
    if (typeof value === 'boolean') return value;
    throw this.wrong(member, 'write true or false');
  }

  whole(member: string, otherwise: number, least: number, most: number): number {
    const value = this.value(member) ?? otherwise;
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
      return Number(value);
    }
    throw this.wrong(member, `write a whole number from ${least} to ${most}`);
  }

  /** The one of these members that is there. */
  only<Member extends string>(members: readonly Member[]): Member {
    const found = members.filter((member) => this.has(member));
    const [first] = found;
    if (first !== undefined && found.length === 1) return first;
    throw new TypeError(
      `${this.#pointer === '' ? '/' : this.#pointer}: write exactly one of ${members.join(', ')}`,
    );
  }

  /** @throws TypeError for a member that nobody asked for. */
  end(): void {
    const unknown = Object.keys(this.#object).find((member) => !this.#known.has(member));
    if (unknown === undefined) return;
    throw this.wrong(
      unknown,
      `is not known here; known are ${[...this.#known].toSorted().join(', ')}`,
    );
  }
}
