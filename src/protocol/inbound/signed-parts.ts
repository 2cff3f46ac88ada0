/** Which places of a request a scheme vouches for. */
import { coversBody } from './content.ts';
import type { LocatorPart, ValueLocator } from './locate.ts';
import type { SchemeDescription, SignedScheme } from './scheme.ts';

/**
 * Whether everything that the locator may read is signed, so that who replays a request can't
 * change it. Schemes in code don't say by themselves what they cover, and count as no.
 */
export function signsLocated(scheme: SchemeDescription, locator: ValueLocator): boolean {
  if (scheme.kind === 'any') return scheme.of.every((one) => signsLocated(one, locator));
  if (scheme.kind === 'token' || scheme.kind === 'none' || scheme.kind === 'code') return false;
  if (isSignedId(scheme, locator)) return true;
  return locator.alternatives.every((parts) => parts.every((part) => signsPart(scheme, part)));
}

/**
 * The locator reads the very headers that `{id}` is read from, in the same order: otherwise one
 * could be added to a request that is signed with another.
 */
function isSignedId({ content, idHeaders = [] }: SignedScheme, locator: ValueLocator): boolean {
  const names = locator.alternatives.map(([part, another]) =>
    part?.from === 'header' && another === undefined ? part.name : '',
  );
  return content.includes('{id}') && names.join() === idHeaders.join();
}

function signsPart({ content, idHeaders = [] }: SignedScheme, part: LocatorPart): boolean {
  if (part.from === 'query') return content.includes('{url}') || content.includes('{path}');
  if (part.from !== 'header') return coversBody(content);
  return content.includes('{id}') && idHeaders.length === 1 && idHeaders[0] === part.name;
}
