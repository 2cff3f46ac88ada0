/** What a source may send in requests of its own: rules for templates of URL and headers. */
import { z } from 'zod';
import { checkCustomHeaders } from '../../domain/custom-headers.ts';
import { MAX_CUSTOM_HEADERS, MAX_TARGET_URL_CHARS } from '../../domain/limits.ts';
import { MAX_POLL_HEADER_CHARS } from '../../domain/limits-poll.ts';
import { checkTemplate, fill, placesOf } from '../../domain/poll/template.ts';
import type { Egress } from '../../egress/port.ts';
import { compileSelect } from '../../poll/select.ts';
import { rule } from '../validation.ts';

/** What the checks ask of their surroundings. */
export interface TemplateChecks {
  readonly checkTarget: Egress['checkTarget'];
  /** Whether the source has the secret that a header asks for: `secret`, `secret:api_key`. */
  readonly hasSecret: (name: string) => boolean;
}

export const urlTemplate = z.string().min(1).max(MAX_TARGET_URL_CHARS);

export const headerTemplates = z
  .record(z.string(), z.string().max(MAX_POLL_HEADER_CHARS))
  .check(rule(checkCustomHeaders, 'invalid_header'))
  .describe(
    `At most ${MAX_CUSTOM_HEADERS} headers; \`{secret}\` and \`{secret:name}\` are filled in.`,
  );

export const jsonPath = z.string().check(
  rule((text) => {
    try {
      compileSelect(text);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }, 'invalid_json_path'),
);

/**
 * A sentence saying why a URL template is refused, or undefined. Places stand behind the host only:
 * whom we talk to is decided here and not by what is filled in.
 */
export function urlObjection(
  url: string,
  checkTarget: TemplateChecks['checkTarget'],
  knows: (name: string) => boolean,
  hint: string,
): string | undefined {
  const problem = checkTemplate(url, knows, hint);
  if (problem !== undefined) return problem;
  const [one, other] = ['a', 'b'].map((value) => fill(url, () => value) ?? '');
  const check = checkTarget(one ?? '');
  if (!check.ok) return check.reason;
  return URL.parse(other ?? '')?.origin === check.url.origin
    ? undefined
    : 'has a place to fill in before its path; host and port must be written out';
}

/** Headers that open doors, by the words they are named with. */
const CREDENTIAL_HEADER = /authorization|token|secret|password|api-?key|cookie|signature/i;

/** The first header that asks for a secret which is not there: its name, and a sentence. */
export function headerObjection(
  headers: Readonly<Record<string, string>>,
  { hasSecret }: Pick<TemplateChecks, 'hasSecret'>,
): { readonly name: string; readonly message: string } | undefined {
  const hint = 'give it in `secret` ({secret}) or in `credentials` ({secret:name})';
  for (const [name, template] of Object.entries(headers)) {
    const message = checkTemplate(template, hasSecret, hint);
    if (message !== undefined) return { name, message };
    if (CREDENTIAL_HEADER.test(name) && !placesOf(template).some(hasSecret)) {
      const rest = 'put the credential into `credentials` and write {secret:name} in its place';
      return { name, message: `would be stored and shown as it is; ${rest}` };
    }
  }
  return undefined;
}
