/** The ways in which a secret may stand in a text, for tests that look for it in vain. */

/**
 * As it is, escaped for JSON (once and twice), URLs and forms, as hex, and as base64 in both
 * alphabets at each of the three places where a byte can begin in it. Of base64 the ends are left
 * out: they mix with what stands beside.
 */
export function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const all = [
    secret,
    inJson(secret),
    inJson(inJson(secret)),
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...new Set(all)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Names of the secrets that stand in the text, in whatever spelling. */
export function findSecrets(
  text: string | Uint8Array,
  secrets: Readonly<Record<string, string>>,
): string[] {
  const haystack = typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text);
  return Object.entries(secrets)
    .filter(([, secret]) => spellings(secret).some((spelling) => haystack.includes(spelling)))
    .map(([name]) => name);
}
