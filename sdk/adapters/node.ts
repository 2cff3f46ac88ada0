/** `http.createServer(receiver.node())`. */
import type { Handle } from '../receiver/handle.ts';
import { declaredLength, readStream, wasRead, wholeUrl, writeReply } from './node-io.ts';
import type { NodeRequest, NodeResponse } from './node-io.ts';

export type NodeHandler = (request: NodeRequest, response: NodeResponse) => void;

const HINT =
  'The raw body is gone: something read the request first. Give the request to receiver.node() ' +
  'untouched; a signature covers the exact bytes, so a parsed body can not be verified.';

export function nodeAdapter(handle: Handle): NodeHandler {
  return (request, response) => {
    const { headers, method } = request;
    const readBody = async (maxBytes: number) =>
      wasRead(request)
        ? ({ problem: 'body_already_parsed', detail: HINT } as const)
        : readStream(request, declaredLength(headers), maxBytes);
    void handle({ headers, method, url: wholeUrl(request), readBody }).then((reply) =>
      writeReply(response, reply),
    );
  };
}
