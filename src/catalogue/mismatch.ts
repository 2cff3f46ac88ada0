/** What ajv finds wrong, as the place that a person would look at and words that say what to do. */
import type { ErrorObject } from 'ajv';
import { pointerOf } from '../domain/json-pointer.ts';
import type { Fault } from './schema-faults.ts';

/** Values of an `enum` that are named. */
const MAX_NAMED_VALUES = 8;
const MAX_VALUE_CHARS = 60;

/** Says nothing of the data but the names of members: warnings are stored and logged. */
export function mismatchOf(error: ErrorObject): Fault {
  const { keyword, instancePath } = error;
  const parameters: Readonly<Record<string, unknown>> = error.params;
  const property = error.propertyName ?? parameters['propertyName'];
  const missing = parameters['missingProperty'];
  if (typeof missing === 'string') {
    return {
      pointer: instancePath + pointerOf([missing]),
      detail: 'is required',
      code: 'required',
    };
  }
  const unknown = parameters['additionalProperty'] ?? parameters['unevaluatedProperty'];
  if (typeof unknown === 'string') {
    const pointer = instancePath + pointerOf([unknown]);
    return { pointer, detail: 'is not known to the schema', code: 'unknown_field' };
  }
  const pointer = instancePath + (typeof property === 'string' ? pointerOf([property]) : '');
  return { pointer, detail: detailOf(keyword, parameters, error.message), code: keyword };
}

function detailOf(
  keyword: string,
  parameters: Readonly<Record<string, unknown>>,
  message = 'does not fit the schema',
): string {
  if (keyword === 'const') return `must be ${shown(parameters['allowedValue'])}`;
  const allowed = parameters['allowedValues'];
  if (keyword !== 'enum' || !Array.isArray(allowed)) return message;
  const named = allowed.slice(0, MAX_NAMED_VALUES).map(shown).join(', ');
  return `must be one of ${named}${allowed.length > MAX_NAMED_VALUES ? ', …' : ''}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
