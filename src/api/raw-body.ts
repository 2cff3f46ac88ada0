/** Bodies that a route reads from their bytes, because parts of them are kept as they came. */
import { Problem } from './problems.ts';
import type { Api } from './route-types.ts';

/** Takes these content types as bytes and refuses all others. @param what what is sent so. */
export function readRawBodies(scope: Api, types: readonly string[], what: string): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser([...types], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  scope.addContentTypeParser('*', (_request, _payload, done) => {
    done(new Problem('unsupported_media_type', `${what} is sent as ${types.join(' or ')}.`));
  });
}

/** The bytes of a body that may have been left out. */
export function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
