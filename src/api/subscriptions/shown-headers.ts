/** Custom headers as they are read back: a header that carries a credential keeps its value. */

export const HIDDEN = '[hidden]';

const CREDENTIAL_NAME = /auth|token|key|secret|password|credential|signature|session/i;

export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    CREDENTIAL_NAME.test(name) ? HIDDEN : value,
  ]);
  return Object.fromEntries(shown);
}
