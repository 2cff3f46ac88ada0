/**
 * Stands before an emulator of SQS that takes any signature, and refuses, as AWS does, requests
 * that are not signed with the one access key it knows.
 */
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { TestContext } from 'node:test';

const REFUSAL = JSON.stringify({
  __type: 'com.amazon.coral.service#UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
});

/** @returns the port it listens on. */
export async function startFront(
  t: TestContext,
  { port, accessKeyId }: { readonly port: number; readonly accessKeyId: string },
): Promise<number> {
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    if (authorization.includes(`Credential=${accessKeyId}/`)) return pass(request, response, port);
    request.resume();
    response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' });
    return response.end(REFUSAL);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function pass(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = request;
  const onward = send({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}
