/** Which signatures a subscription's requests carry, and under which headers. */
import { HEADER_AGENT_SIGNATURE, HEADER_WEBHOOK_SIGNATURE } from '../protocol/headers.ts';
import { PREVIOUS_SUFFIX, TEMPLATES, type TemplateName } from '../protocol/schemes/templates.ts';
import { checkHeaderName } from './custom-headers.ts';

/** A flavour under a header of the sender's choice, so that an API can keep the one it has. */
export interface HeaderSignature {
  readonly scheme: TemplateName;
  readonly header: string;
}

/** `standard` is `webhook-signature`, `agent` is `x-agent-signature`. */
export type SignatureScheme = 'standard' | 'agent' | HeaderSignature;

/** A sentence about what is wrong with a list of signatures, or `undefined`. */
export function checkSignatures(signatures: readonly SignatureScheme[]): string | undefined {
  for (const signature of signatures) {
    const names = typeof signature === 'string' ? [] : headersOf(signature);
    const problem = names.map(checkHeaderName).find((sentence) => sentence !== undefined);
    if (problem !== undefined) return problem;
  }
  const taken = new Set<string>();
  for (const name of signatures.flatMap(headersOf)) {
    if (taken.has(name.toLowerCase())) return `two signatures would stand in the header ${name}`;
    taken.add(name.toLowerCase());
  }
  return undefined;
}

/** The first of `names` that a signature stands in, or `undefined`. Case does not matter. */
export function clashingHeader(
  signatures: readonly SignatureScheme[],
  names: readonly string[],
): string | undefined {
  const taken = new Set(signatures.flatMap(headersOf).map((name) => name.toLowerCase()));
  return names.find((name) => taken.has(name.toLowerCase()));
}

/** A header that holds one signature has a sister while two secrets overlap. */
function headersOf(signature: SignatureScheme): string[] {
  if (signature === 'standard') return [HEADER_WEBHOOK_SIGNATURE];
  if (signature === 'agent') return [HEADER_AGENT_SIGNATURE];
  const { scheme, header } = signature;
  return TEMPLATES[scheme].separator === null ? [header, header + PREVIOUS_SUFFIX] : [header];
}
